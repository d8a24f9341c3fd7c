import type { FieldError } from "../../../machinery/errors/field-error.ts";
import { nameIsPathSegment } from "../../../machinery/validation/names.ts";
import type { RoleBinding } from "../../generated/rbac-v1.ts";
import { validateBinding, validateBindingUpdate } from "../rule-validation.ts";

export const validateName = nameIsPathSegment;

export function validateRoleBinding(binding: RoleBinding): FieldError[] {
  return validateBinding(binding, true);
}

export const validateRoleBindingUpdate: (binding: RoleBinding, old: RoleBinding) => FieldError[] =
  validateBindingUpdate;
