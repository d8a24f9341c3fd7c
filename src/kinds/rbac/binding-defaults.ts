/** Defaults of both kinds of role bindings: the API group of the role and of users and groups. */
import type { RoleRef, Subject } from "../generated/rbac-v1.ts";
import { rbacGroup } from "./rbac-group.ts";

export function applyBindingDefaults(binding: { roleRef: RoleRef; subjects?: Subject[] | undefined }): void {
  if (binding.roleRef !== undefined) binding.roleRef.apiGroup ||= rbacGroup;
  for (const subject of binding.subjects ?? []) {
    if (subject.kind === "User" || subject.kind === "Group") subject.apiGroup ||= rbacGroup;
  }
}
