/** Defaults of what a ValidatingAdmissionPolicyBinding matches. */
import type { ValidatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { applyMatchResourcesDefaults } from "../webhook-defaults.ts";

export function applyValidatingAdmissionPolicyBindingDefaults({ spec }: ValidatingAdmissionPolicyBinding): void {
  applyMatchResourcesDefaults(spec?.matchResources);
}
