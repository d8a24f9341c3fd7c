/** SetDefaults_Deployment. */

import { applyPodTemplateDefaults } from "../../core/pod/template-defaults.ts";
import type { Deployment } from "../../generated/apps-v1.ts";

export function applyDeploymentDefaults({ spec }: Deployment): void {
  if (spec === undefined) return;
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
  spec.strategy ??= {};
  const strategy = spec.strategy;
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate ??= {};
    const rollingUpdate = strategy.rollingUpdate;
    rollingUpdate.maxUnavailable ??= "25%";
    rollingUpdate.maxSurge ??= "25%";
  }
  spec.template ??= {};
  applyPodTemplateDefaults(spec.template);
}
