import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn, nameOf } from "../../column-parts.ts";
import type { StorageClass } from "../../generated/storage-v1.ts";
import { isDefaultStorageClass } from "./default-class.ts";

export const storageClassColumns: readonly Column<StorageClass>[] = [
  nameColumn((one) => (isDefaultStorageClass(one) ? `${nameOf(one)} (default)` : nameOf(one))),
  { name: "Provisioner", type: "string", value: ({ provisioner }) => provisioner ?? "" },
  { name: "ReclaimPolicy", type: "string", value: ({ reclaimPolicy }) => reclaimPolicy ?? "Delete" },
  { name: "VolumeBindingMode", type: "string", value: ({ volumeBindingMode }) => volumeBindingMode ?? "Immediate" },
  { name: "AllowVolumeExpansion", type: "string", value: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false },
  ageColumn(),
];
