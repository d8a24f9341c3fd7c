/**
 * Roles and bindings by who holds them: the rules of a user in a namespace without a scan. Fed by the reader's changes;
 * feeds the RBAC authorizer and the escalation checks.
 */
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  Subject,
} from "../../kinds/generated/rbac-v1.ts";
import { rbacGroup } from "../../kinds/rbac/rbac-group.ts";
import { serviceAccountUsername } from "../authentication/user.ts";
import type { ObjectReader, UserInfo } from "../types.ts";

/** One subject of one binding. */
export interface Grant {
  readonly bindingName: string;
  /** Empty for ClusterRoleBindings. */
  readonly namespace: string;
  readonly roleRef: RoleRef;
  readonly subject: Subject;
}

/** Grants of one scope by subject (`u:NAME` or `g:NAME`). */
type GrantsBySubject = Map<string, Grant[]>;

export class RuleIndex {
  readonly #reader: ObjectReader;
  readonly #roles = new Map<string, readonly PolicyRule[]>();
  /** Namespace to grants; "" holds the cluster-wide ones. */
  readonly #grants = new Map<string, GrantsBySubject>();
  /** Binding to the subject keys under which it is filed, for removal. */
  readonly #filed = new Map<string, readonly string[]>();
  #version = 0;

  constructor(reader: ObjectReader) {
    this.#reader = reader;
    this.#follow<ClusterRole | Role>(["clusterroles", "roles"], (role, removed) => this.#putRole(role, removed));
    this.#follow<ClusterRoleBinding | RoleBinding>(["clusterrolebindings", "rolebindings"], (binding, removed) =>
      this.#putBinding(binding, removed),
    );
  }

  /** Grows with every change of a role or binding. */
  get version(): number {
    return this.#version;
  }

  /** Grants that apply to the user in the namespace, cluster-wide ones first. Empty namespace: cluster-wide only. */
  *grantsOf(user: UserInfo, namespace: string): Generator<Grant> {
    for (const scope of namespace === "" ? [""] : ["", namespace]) {
      const bySubject = this.#grants.get(scope);
      if (bySubject === undefined) continue;
      yield* bySubject.get(`u:${user.username}`) ?? [];
      for (const group of user.groups) yield* bySubject.get(`g:${group}`) ?? [];
    }
  }

  /** Rules of the role that a binding in `namespace` refers to; undefined where there is no such role. */
  rulesOf(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined {
    return this.#roles.get(roleRef.kind === "Role" ? `${namespace}/${roleRef.name}` : `/${roleRef.name}`);
  }

  #follow<T>(plurals: readonly string[], put: (object: T, removed: boolean) => void): void {
    for (const plural of plurals) {
      this.#reader.subscribe(rbacGroup, plural, ({ type, object }) => put(object as T, type === "DELETED"));
      for (const object of this.#reader.list<T>(rbacGroup, plural)) put(object, false);
    }
  }

  #putRole(role: ClusterRole | Role, removed: boolean): void {
    this.#version += 1;
    const key = `${role.metadata?.namespace ?? ""}/${role.metadata?.name ?? ""}`;
    if (removed) this.#roles.delete(key);
    else this.#roles.set(key, role.rules ?? []);
  }

  #putBinding(binding: ClusterRoleBinding | RoleBinding, removed: boolean): void {
    this.#version += 1;
    const namespace = binding.metadata?.namespace ?? "";
    const bindingName = binding.metadata?.name ?? "";
    const id = `${namespace}/${bindingName}`;
    const bySubject = this.#grants.get(namespace) ?? new Map<string, Grant[]>();
    for (const key of this.#filed.get(id) ?? []) {
      const rest = (bySubject.get(key) ?? []).filter((grant) => grant.bindingName !== bindingName);
      if (rest.length > 0) bySubject.set(key, rest);
      else bySubject.delete(key);
    }
    this.#filed.delete(id);
    if (!removed) {
      const keys = new Set<string>();
      for (const subject of binding.subjects ?? []) {
        const key = subjectKey(subject, namespace);
        if (key === undefined || keys.has(key)) continue;
        keys.add(key);
        bySubject.set(key, [
          ...(bySubject.get(key) ?? []),
          { bindingName, namespace, roleRef: binding.roleRef, subject },
        ]);
      }
      this.#filed.set(id, [...keys]);
    }
    if (bySubject.size > 0) this.#grants.set(namespace, bySubject);
    else this.#grants.delete(namespace);
  }
}

function subjectKey(subject: Subject, bindingNamespace: string): string | undefined {
  if (subject.kind === "User") return `u:${subject.name}`;
  if (subject.kind === "Group") return `g:${subject.name}`;
  const namespace = subject.namespace || bindingNamespace;
  if (subject.kind !== "ServiceAccount" || namespace === "") return undefined;
  return `u:${serviceAccountUsername(namespace, subject.name)}`;
}

/** `ClusterRoleBinding "x" of ClusterRole "y" to User "z"`. */
export function describeGrant({ bindingName, namespace, roleRef, subject }: Grant): string {
  const binding =
    namespace === "" ? `ClusterRoleBinding "${bindingName}"` : `RoleBinding "${bindingName}/${namespace}"`;
  const name = subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  return `${binding} of ${roleRef.kind} "${roleRef.name}" to ${subject.kind} "${name}"`;
}
