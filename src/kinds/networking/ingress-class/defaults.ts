/** SetDefaults_IngressClass. */
import type { IngressClass } from "../../generated/networking-v1.ts";

export function applyIngressClassDefaults({ spec }: IngressClass): void {
  if (spec?.parameters !== undefined) spec.parameters.scope ??= "Cluster";
}
