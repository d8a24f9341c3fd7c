import { nameIsPathSegment } from "../../../machinery/validation/names.ts";
import { fromTable } from "../../from-table.ts";
import type { Role } from "../../generated/rbac-v1.ts";

export const role = fromTable<Role>("rbac.authorization.k8s.io", "v1", "Role", {
  createOnUpdate: true,
  validateName: nameIsPathSegment,
});
