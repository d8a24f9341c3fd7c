import { fromTable } from "../../from-table.ts";
import type { StorageClass } from "../../generated/storage-v1.ts";
import { storageClassColumns } from "./columns.ts";
import { applyStorageClassDefaults } from "./defaults.ts";
import { validateStorageClass, validateStorageClassUpdate } from "./validation.ts";

export const storageClass = fromTable<StorageClass>("storage.k8s.io", "v1", "StorageClass", {
  shortNames: ["sc"],
  applyDefaults: applyStorageClassDefaults,
  validate: validateStorageClass,
  validateUpdate: validateStorageClassUpdate,
  columns: storageClassColumns,
});
