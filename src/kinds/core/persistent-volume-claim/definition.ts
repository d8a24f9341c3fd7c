import { fromTable } from "../../from-table.ts";
import type { PersistentVolumeClaim } from "../../generated/core-v1.ts";
import { applyPersistentVolumeClaimDefaults } from "./defaults.ts";

export const persistentVolumeClaim = fromTable<PersistentVolumeClaim>("", "v1", "PersistentVolumeClaim", {
  shortNames: ["pvc"],
  applyDefaults: applyPersistentVolumeClaimDefaults,
});
