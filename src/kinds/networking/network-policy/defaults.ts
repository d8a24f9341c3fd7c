/** SetDefaults_NetworkPolicy. */
import type { NetworkPolicy } from "../../generated/networking-v1.ts";

export function applyNetworkPolicyDefaults({ spec }: NetworkPolicy): void {
  if (spec === undefined) return;
  if (!spec.policyTypes?.length) spec.policyTypes = spec.egress?.length ? ["Ingress", "Egress"] : ["Ingress"];
  for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of rule.ports ?? []) port.protocol ??= "TCP";
  }
}
