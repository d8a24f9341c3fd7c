/** Defaults of the volumes of a pod or pod template (SetDefaults_Volume and those of its sources). */
import type { DownwardAPIVolumeFile, ProjectedVolumeSource, Volume } from "../../generated/core-v1.ts";
import { applyPersistentSourceDefaults } from "../persistent-volume/source-defaults.ts";
import { applyClaimSpecDefaults } from "../persistent-volume-claim/defaults.ts";
import { defaultPullPolicy } from "./container-defaults.ts";

/** 0644, decimal as JSON has it. */
const readableByAll = 0o644;
const oneHour = 3600;

export function applyVolumeDefaults(volume: Volume): void {
  const hasSource = Object.entries(volume).some(([field, value]) => field !== "name" && value !== undefined);
  if (!hasSource) volume.emptyDir = {};
  if (volume.image !== undefined) volume.image.pullPolicy ||= defaultPullPolicy(volume.image.reference);
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source !== undefined) source.defaultMode ??= readableByAll;
  }
  applyFieldReferenceDefaults(volume.downwardAPI?.items);
  if (volume.projected !== undefined) applyProjectedDefaults(volume.projected);
  applyPersistentSourceDefaults(volume);
  const claim = volume.ephemeral?.volumeClaimTemplate;
  if (claim !== undefined) applyClaimSpecDefaults(claim.spec);
}

function applyProjectedDefaults(projected: ProjectedVolumeSource): void {
  for (const source of projected.sources ?? []) {
    applyFieldReferenceDefaults(source.downwardAPI?.items);
    if (source.serviceAccountToken !== undefined) source.serviceAccountToken.expirationSeconds ??= oneHour;
  }
}

function applyFieldReferenceDefaults(files: readonly DownwardAPIVolumeFile[] | undefined): void {
  for (const { fieldRef } of files ?? []) if (fieldRef !== undefined) fieldRef.apiVersion ||= "v1";
}
