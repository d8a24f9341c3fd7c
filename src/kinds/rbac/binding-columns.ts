/** The columns of both kinds of role bindings. */
import type { Column } from "../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../column-parts.ts";
import type { ObjectMeta } from "../generated/meta-v1.ts";
import type { RoleRef, Subject } from "../generated/rbac-v1.ts";

interface Binding {
  metadata?: ObjectMeta | undefined;
  roleRef: RoleRef;
  subjects?: Subject[] | undefined;
}

const subjects =
  (kind: string) =>
  (binding: Binding): string =>
    (binding.subjects ?? [])
      .filter((subject) => subject.kind === kind)
      .map(({ namespace, name }) => (kind === "ServiceAccount" && namespace ? `${namespace}/${name}` : name))
      .join(", ");

export const bindingColumns: readonly Column<Binding>[] = [
  nameColumn(),
  { name: "Role", type: "string", value: ({ roleRef }) => `${roleRef?.kind ?? ""}/${roleRef?.name ?? ""}` },
  ageColumn(),
  { name: "Users", type: "string", priority: 1, value: subjects("User") },
  { name: "Groups", type: "string", priority: 1, value: subjects("Group") },
  { name: "ServiceAccounts", type: "string", priority: 1, value: subjects("ServiceAccount") },
];
