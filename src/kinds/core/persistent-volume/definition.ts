import { fromTable } from "../../from-table.ts";
import type { PersistentVolume } from "../../generated/core-v1.ts";
import { persistentVolumeColumns } from "./columns.ts";
import { applyPersistentVolumeDefaults } from "./defaults.ts";
import { prepareForCreate, prepareForStatusUpdate } from "./strategy.ts";
import { validatePersistentVolume, validatePersistentVolumeUpdate } from "./validation.ts";

export const persistentVolume = fromTable<PersistentVolume>("", "v1", "PersistentVolume", {
  shortNames: ["pv"],
  applyDefaults: applyPersistentVolumeDefaults,
  prepareForCreate,
  prepareForStatusUpdate,
  validate: validatePersistentVolume,
  validateUpdate: validatePersistentVolumeUpdate,
  columns: persistentVolumeColumns,
});
