import { fromTable } from "../../from-table.ts";
import type { ClusterRoleBinding } from "../../generated/rbac-v1.ts";
import { bindingColumns } from "../binding-columns.ts";
import { applyBindingDefaults } from "../binding-defaults.ts";
import { validateClusterRoleBinding, validateClusterRoleBindingUpdate, validateName } from "./validation.ts";

export const clusterRoleBinding = fromTable<ClusterRoleBinding>(
  "rbac.authorization.k8s.io",
  "v1",
  "ClusterRoleBinding",
  {
    createOnUpdate: true,
    applyDefaults: applyBindingDefaults,
    validate: validateClusterRoleBinding,
    validateUpdate: validateClusterRoleBindingUpdate,
    validateName,
    columns: bindingColumns,
  },
);
