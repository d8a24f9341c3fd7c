import type { FieldError } from "../../../machinery/errors/field-error.ts";
import { nameIsPathSegment } from "../../../machinery/validation/names.ts";
import type { ClusterRoleBinding } from "../../generated/rbac-v1.ts";
import { validateBinding, validateBindingUpdate } from "../rule-validation.ts";

export const validateName = nameIsPathSegment;

export function validateClusterRoleBinding(binding: ClusterRoleBinding): FieldError[] {
  return validateBinding(binding, false);
}

export const validateClusterRoleBindingUpdate: (binding: ClusterRoleBinding, old: ClusterRoleBinding) => FieldError[] =
  validateBindingUpdate;
