import { fromTable } from "../../from-table.ts";
import type { CSIStorageCapacity } from "../../generated/storage-v1.ts";
import { csiStorageCapacityColumns } from "./columns.ts";
import { validateCsiStorageCapacity, validateCsiStorageCapacityUpdate } from "./validation.ts";

export const csiStorageCapacity = fromTable<CSIStorageCapacity>("storage.k8s.io", "v1", "CSIStorageCapacity", {
  unconditionalUpdate: false,
  validate: validateCsiStorageCapacity,
  validateUpdate: validateCsiStorageCapacityUpdate,
  columns: csiStorageCapacityColumns,
});
