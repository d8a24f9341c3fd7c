import { nameIsPathSegment } from "../../../machinery/validation/names.ts";
import { fromTable } from "../../from-table.ts";
import type { RoleBinding } from "../../generated/rbac-v1.ts";
import { bindingColumns } from "../binding-columns.ts";
import { applyBindingDefaults } from "../binding-defaults.ts";

export const roleBinding = fromTable<RoleBinding>("rbac.authorization.k8s.io", "v1", "RoleBinding", {
  createOnUpdate: true,
  validateName: nameIsPathSegment,
  applyDefaults: applyBindingDefaults,
  columns: bindingColumns,
});
