import { fromTable } from "../../from-table.ts";
import type { CSIDriver } from "../../generated/storage-v1.ts";
import { csiDriverColumns } from "./columns.ts";
import { applyCsiDriverDefaults } from "./defaults.ts";
import { prepareForUpdate } from "./strategy.ts";
import { validateCsiDriver, validateCsiDriverUpdate, validateName } from "./validation.ts";

export const csiDriver = fromTable<CSIDriver>("storage.k8s.io", "v1", "CSIDriver", {
  unconditionalUpdate: false,
  applyDefaults: applyCsiDriverDefaults,
  prepareForUpdate,
  validate: validateCsiDriver,
  validateUpdate: validateCsiDriverUpdate,
  validateName,
  columns: csiDriverColumns,
});
