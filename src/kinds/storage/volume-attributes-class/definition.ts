import { fromTable } from "../../from-table.ts";
import type { VolumeAttributesClass } from "../../generated/storage-v1.ts";
import { volumeAttributesClassColumns } from "./columns.ts";
import { validateVolumeAttributesClass, validateVolumeAttributesClassUpdate } from "./validation.ts";

export const volumeAttributesClass = fromTable<VolumeAttributesClass>("storage.k8s.io", "v1", "VolumeAttributesClass", {
  shortNames: ["vac"],
  validate: validateVolumeAttributesClass,
  validateUpdate: validateVolumeAttributesClassUpdate,
  columns: volumeAttributesClassColumns,
});
