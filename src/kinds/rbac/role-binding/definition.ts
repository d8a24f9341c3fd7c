import { fromTable } from "../../from-table.ts";
import type { RoleBinding } from "../../generated/rbac-v1.ts";
import { bindingColumns } from "../binding-columns.ts";
import { applyBindingDefaults } from "../binding-defaults.ts";
import { validateName, validateRoleBinding, validateRoleBindingUpdate } from "./validation.ts";

export const roleBinding = fromTable<RoleBinding>("rbac.authorization.k8s.io", "v1", "RoleBinding", {
  createOnUpdate: true,
  applyDefaults: applyBindingDefaults,
  validate: validateRoleBinding,
  validateUpdate: validateRoleBindingUpdate,
  validateName,
  columns: bindingColumns,
});
