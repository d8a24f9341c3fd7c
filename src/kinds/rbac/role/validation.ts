import type { FieldError } from "../../../machinery/errors/field-error.ts";
import { nameIsPathSegment } from "../../../machinery/validation/names.ts";
import type { Role } from "../../generated/rbac-v1.ts";
import { validateRules } from "../rule-validation.ts";

export const validateName = nameIsPathSegment;

export function validateRole({ rules }: Role): FieldError[] {
  return validateRules(rules, true);
}
