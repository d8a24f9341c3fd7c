/** SetDefaults_ReplicationController. */
import type { ReplicationController } from "../../generated/core-v1.ts";
import { applyPodTemplateDefaults } from "../pod/template-defaults.ts";

export function applyReplicationControllerDefaults(controller: ReplicationController): void {
  controller.spec ??= {};
  const spec = controller.spec;
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined) {
    if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
    controller.metadata ??= {};
    const metadata = controller.metadata;
    if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  }
  spec.replicas ??= 1;
  if (spec.template !== undefined) applyPodTemplateDefaults(spec.template);
}
