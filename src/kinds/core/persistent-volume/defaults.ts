/** SetDefaults_PersistentVolume. */
import type { PersistentVolume } from "../../generated/core-v1.ts";
import { roundUpQuantities } from "../resource-list.ts";
import { applyPersistentSourceDefaults } from "./source-defaults.ts";

export function applyPersistentVolumeDefaults(volume: PersistentVolume): void {
  volume.status ??= {};
  volume.status.phase ||= "Pending";
  volume.spec ??= {};
  const spec = volume.spec;
  spec.persistentVolumeReclaimPolicy ||= "Retain";
  spec.volumeMode ??= "Filesystem";
  roundUpQuantities(spec.capacity);
  applyPersistentSourceDefaults(spec);
}
