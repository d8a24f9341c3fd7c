import { fromTable } from "../../from-table.ts";
import type { VolumeAttributesClass } from "../../generated/storage-v1.ts";
import { volumeAttributesClassColumns } from "./columns.ts";

export const volumeAttributesClass = fromTable<VolumeAttributesClass>("storage.k8s.io", "v1", "VolumeAttributesClass", {
  shortNames: ["vac"],
  columns: volumeAttributesClassColumns,
});
