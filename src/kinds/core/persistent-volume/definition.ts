import { fromTable } from "../../from-table.ts";
import type { PersistentVolume } from "../../generated/core-v1.ts";
import { applyPersistentVolumeDefaults } from "./defaults.ts";

export const persistentVolume = fromTable<PersistentVolume>("", "v1", "PersistentVolume", {
  shortNames: ["pv"],
  applyDefaults: applyPersistentVolumeDefaults,
});
