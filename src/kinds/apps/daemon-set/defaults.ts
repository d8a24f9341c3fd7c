/** SetDefaults_DaemonSet. */

import { applyPodTemplateDefaults } from "../../core/pod/template-defaults.ts";
import type { DaemonSet } from "../../generated/apps-v1.ts";

export function applyDaemonSetDefaults({ spec }: DaemonSet): void {
  if (spec === undefined) return;
  spec.revisionHistoryLimit ??= 10;
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate ??= {};
    const rollingUpdate = strategy.rollingUpdate;
    rollingUpdate.maxUnavailable ??= 1;
    rollingUpdate.maxSurge ??= 0;
  }
  spec.template ??= {};
  applyPodTemplateDefaults(spec.template);
}
