/** Defaults of what a MutatingAdmissionPolicyBinding matches. */
import type { MutatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { applyMatchResourcesDefaults } from "../webhook-defaults.ts";

export function applyMutatingAdmissionPolicyBindingDefaults({ spec }: MutatingAdmissionPolicyBinding): void {
  applyMatchResourcesDefaults(spec?.matchResources);
}
