/** SetDefaults_MutatingAdmissionPolicySpec. */
import type { MutatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { applyMatchResourcesDefaults } from "../webhook-defaults.ts";

export function applyMutatingAdmissionPolicyDefaults({ spec }: MutatingAdmissionPolicy): void {
  if (spec === undefined) return;
  spec.failurePolicy ??= "Fail";
  applyMatchResourcesDefaults(spec.matchConstraints);
}
