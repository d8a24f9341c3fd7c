import { nameIsPathSegment } from "../../../machinery/validation/names.ts";
import { fromTable } from "../../from-table.ts";
import type { ClusterRole } from "../../generated/rbac-v1.ts";

export const clusterRole = fromTable<ClusterRole>("rbac.authorization.k8s.io", "v1", "ClusterRole", {
  createOnUpdate: true,
  validateName: nameIsPathSegment,
});
