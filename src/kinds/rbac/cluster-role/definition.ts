import { fromTable } from "../../from-table.ts";
import type { ClusterRole } from "../../generated/rbac-v1.ts";
import { validateClusterRole, validateName } from "./validation.ts";

export const clusterRole = fromTable<ClusterRole>("rbac.authorization.k8s.io", "v1", "ClusterRole", {
  createOnUpdate: true,
  validate: validateClusterRole,
  validateName,
});
