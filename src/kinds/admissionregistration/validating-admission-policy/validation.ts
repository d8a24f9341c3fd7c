/** ValidateValidatingAdmissionPolicy, but for the expressions. */
import { type FieldError, required } from "../../../machinery/errors/field-error.ts";
import { checkEach } from "../../field-checks.ts";
import type { ValidatingAdmissionPolicy } from "../../generated/admissionregistration-v1.ts";
import { validatePolicySpec } from "../policy-validation.ts";
import { checkDistinct } from "../webhook-validation.ts";

export function validateValidatingAdmissionPolicy({ spec = {} }: ValidatingAdmissionPolicy): FieldError[] {
  const errors = validatePolicySpec(spec);
  if (!spec.validations?.length && !spec.auditAnnotations?.length) {
    const detail = "validations or auditAnnotations must contain at least one item";
    errors.push(required("spec.validations", detail), required("spec.auditAnnotations", detail));
  }
  return [
    ...errors,
    ...checkEach(spec.validations, "spec.validations", ({ expression }, path) =>
      expression?.trim() ? [] : [required(`${path}.expression`, "expression is not specified")],
    ),
    ...checkDistinct(spec.auditAnnotations, "spec.auditAnnotations", "key", ({ key }) => key),
  ];
}
