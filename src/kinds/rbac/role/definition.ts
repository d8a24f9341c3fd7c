import { fromTable } from "../../from-table.ts";
import type { Role } from "../../generated/rbac-v1.ts";
import { validateName, validateRole } from "./validation.ts";

export const role = fromTable<Role>("rbac.authorization.k8s.io", "v1", "Role", {
  createOnUpdate: true,
  validate: validateRole,
  validateName,
});
