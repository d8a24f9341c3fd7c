/** ValidateValidatingAdmissionPolicyBinding. */
import { duplicate, type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { checkEach, checkOptionalOneOf } from "../../field-checks.ts";
import type { ValidatingAdmissionPolicyBinding } from "../../generated/admissionregistration-v1.ts";
import { validateBindingSpec } from "../policy-validation.ts";

export function validateValidatingAdmissionPolicyBinding({ spec }: ValidatingAdmissionPolicyBinding): FieldError[] {
  const actions = spec?.validationActions ?? [];
  const path = "spec.validationActions";
  const errors = validateBindingSpec(spec ?? {});
  if (actions.length === 0) errors.push(required(path));
  errors.push(
    ...checkEach(actions, path, (action, place, index) => [
      ...checkOptionalOneOf(place, action, ["Audit", "Deny", "Warn"]),
      ...(actions.indexOf(action) < index ? [duplicate(place, action)] : []),
    ]),
  );
  if (actions.includes("Deny") && actions.includes("Warn")) {
    errors.push(
      invalidValue(
        path,
        actions,
        "must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)",
      ),
    );
  }
  return errors;
}
