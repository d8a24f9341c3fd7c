import { fromTable } from "../../from-table.ts";
import type { CSIDriver } from "../../generated/storage-v1.ts";
import { csiDriverColumns } from "./columns.ts";
import { applyCsiDriverDefaults } from "./defaults.ts";
import { validateCsiDriver, validateCsiDriverUpdate, validateName } from "./validation.ts";

export const csiDriver = fromTable<CSIDriver>("storage.k8s.io", "v1", "CSIDriver", {
  unconditionalUpdate: false,
  tracksGeneration: true,
  applyDefaults: applyCsiDriverDefaults,
  validate: validateCsiDriver,
  validateUpdate: validateCsiDriverUpdate,
  validateName,
  columns: csiDriverColumns,
});
