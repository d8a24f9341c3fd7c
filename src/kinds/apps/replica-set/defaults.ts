/** SetDefaults_ReplicaSet. */

import { applyPodTemplateDefaults } from "../../core/pod/template-defaults.ts";
import type { ReplicaSet } from "../../generated/apps-v1.ts";

export function applyReplicaSetDefaults({ spec }: ReplicaSet): void {
  if (spec === undefined) return;
  spec.replicas ??= 1;
  spec.template ??= {};
  applyPodTemplateDefaults(spec.template);
}
