/** SetDefaults_StatefulSet. */

import { applyPersistentVolumeClaimDefaults } from "../../core/persistent-volume-claim/defaults.ts";
import { applyPodTemplateDefaults } from "../../core/pod/template-defaults.ts";
import type { StatefulSet, StatefulSetUpdateStrategy } from "../../generated/apps-v1.ts";

export function applyStatefulSetDefaults({ spec }: StatefulSet): void {
  if (spec === undefined) return;
  spec.podManagementPolicy ||= "OrderedReady";
  spec.updateStrategy ??= {};
  applyUpdateStrategyDefaults(spec.updateStrategy);
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  retention.whenDeleted ||= "Retain";
  retention.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.template ??= {};
  applyPodTemplateDefaults(spec.template);
  for (const claim of spec.volumeClaimTemplates ?? []) {
    // Upstream's conversion names the type, so that a template reads as a whole object.
    claim.apiVersion ||= "v1";
    claim.kind ||= "PersistentVolumeClaim";
    applyPersistentVolumeClaimDefaults(claim);
  }
}

function applyUpdateStrategyDefaults(strategy: StatefulSetUpdateStrategy): void {
  if (!strategy.type) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= {};
  }
  // Unlike a Deployment's, an explicit RollingUpdate without parameters stays without them.
  if (strategy.type === "RollingUpdate" && strategy.rollingUpdate !== undefined) strategy.rollingUpdate.partition ??= 0;
}
