/** ValidateMutatingAdmissionPolicyBinding. */
import type { FieldError } from "../../../machinery/errors/field-error.ts";
import type { MutatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { validateBindingSpec } from "../policy-validation.ts";

export function validateMutatingAdmissionPolicyBinding({ spec = {} }: MutatingAdmissionPolicyBinding): FieldError[] {
  return validateBindingSpec(spec);
}
