/** Defaults that a pod and every pod template share (SetDefaults_PodSpec and below). */
import type { PodSpec, PodTemplateSpec } from "../../generated/core-v1.ts";
import { roundUpQuantities, roundUpRequirements } from "../resource-list.ts";
import { applyContainerDefaults } from "./container-defaults.ts";
import { applyVolumeDefaults } from "./volume-defaults.ts";

export function applyPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  mirrorServiceAccountName(spec);
  spec.volumes?.forEach(applyVolumeDefaults);
  spec.initContainers?.forEach(applyContainerDefaults);
  spec.containers?.forEach(applyContainerDefaults);
  spec.ephemeralContainers?.forEach(applyContainerDefaults);
  roundUpQuantities(spec.overhead);
  if (spec.resources !== undefined) roundUpRequirements(spec.resources);
}

/** The deprecated `serviceAccount` always shows what `serviceAccountName` says; alone, it is taken for it. */
export function mirrorServiceAccountName(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (!name) return;
  spec.serviceAccountName = name;
  spec.serviceAccount = name;
}

export function applyPodTemplateDefaults(template: PodTemplateSpec): void {
  template.spec ??= { containers: [] };
  applyPodSpecDefaults(template.spec);
}
