/** SetDefaults_PersistentVolumeClaim and SetDefaults_PersistentVolumeClaimSpec. */
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../generated/core-v1.ts";
import { roundUpQuantities, roundUpRequirements } from "../resource-list.ts";

export function applyClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= "Filesystem";
  spec.resources ??= {};
  roundUpRequirements(spec.resources);
}

export function applyPersistentVolumeClaimDefaults(claim: PersistentVolumeClaim): void {
  claim.status ??= {};
  claim.status.phase ||= "Pending";
  roundUpQuantities(claim.status.capacity);
  claim.spec ??= {};
  applyClaimSpecDefaults(claim.spec);
}
