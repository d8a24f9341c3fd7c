/** ValidateMutatingAdmissionPolicy, but for the expressions. */
import { type FieldError, required } from "../../../machinery/errors/field-error.ts";
import { checkEach, checkOneOf } from "../../field-checks.ts";
import type { MutatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { validatePolicySpec } from "../policy-validation.ts";

export function validateMutatingAdmissionPolicy({ spec = {} }: MutatingAdmissionPolicy): FieldError[] {
  const errors = validatePolicySpec(spec);
  if (!spec.mutations?.length) {
    errors.push(required("spec.mutations", "mutations must contain at least one item"));
  }
  return [
    ...errors,
    ...checkOneOf("spec.reinvocationPolicy", spec.reinvocationPolicy, ["IfNeeded", "Never"]),
    ...checkEach(spec.mutations, "spec.mutations", ({ patchType }, path) =>
      checkOneOf(`${path}.patchType`, patchType, ["ApplyConfiguration", "JSONPatch"]),
    ),
  ];
}
