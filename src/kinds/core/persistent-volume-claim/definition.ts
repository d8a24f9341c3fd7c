import { fromTable } from "../../from-table.ts";
import type { PersistentVolumeClaim } from "../../generated/core-v1.ts";
import { persistentVolumeClaimColumns } from "./columns.ts";
import { applyPersistentVolumeClaimDefaults } from "./defaults.ts";
import { prepareForCreate, prepareForUpdate } from "./strategy.ts";
import { validatePersistentVolumeClaim, validatePersistentVolumeClaimUpdate } from "./validation.ts";

export const persistentVolumeClaim = fromTable<PersistentVolumeClaim>("", "v1", "PersistentVolumeClaim", {
  shortNames: ["pvc"],
  applyDefaults: applyPersistentVolumeClaimDefaults,
  prepareForCreate,
  prepareForUpdate,
  validate: validatePersistentVolumeClaim,
  validateUpdate: validatePersistentVolumeClaimUpdate,
  columns: persistentVolumeClaimColumns,
});
