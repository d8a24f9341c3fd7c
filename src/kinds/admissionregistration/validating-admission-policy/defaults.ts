/** SetDefaults_ValidatingAdmissionPolicySpec. */
import type { ValidatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { applyMatchResourcesDefaults } from "../webhook-defaults.ts";

export function applyValidatingAdmissionPolicyDefaults({ spec }: ValidatingAdmissionPolicy): void {
  if (spec === undefined) return;
  spec.failurePolicy ??= "Fail";
  applyMatchResourcesDefaults(spec.matchConstraints);
}
