/** A flow schema refers to a priority level, and takes its turn by its precedence. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { checkEach, checkOptionalOneOf } from "../../field-checks.ts";
import type { FlowSchema } from "../../generated/flowcontrol-v1.ts";

const highestPrecedence = 10_000;

export function validateFlowSchema({ spec }: FlowSchema): FieldError[] {
  const precedence = spec?.matchingPrecedence ?? 0;
  const errors: FieldError[] = [];
  if (precedence <= 0) errors.push(invalidValue("spec.matchingPrecedence", precedence, "must be a positive value"));
  if (precedence > highestPrecedence) {
    const detail = `must not be greater than ${highestPrecedence}`;
    errors.push(invalidValue("spec.matchingPrecedence", precedence, detail));
  }
  if (!spec?.priorityLevelConfiguration?.name) {
    errors.push(required("spec.priorityLevelConfiguration.name", "must reference a priority level"));
  }
  const methods = ["ByNamespace", "ByUser"];
  return [
    ...errors,
    ...checkOptionalOneOf("spec.distinguisherMethod", spec?.distinguisherMethod?.type, methods),
    ...checkEach(spec?.rules, "spec.rules", ({ subjects }, path) =>
      subjects?.length ? [] : [required(`${path}.subjects`, "subjects must contain at least one value")],
    ),
  ];
}
