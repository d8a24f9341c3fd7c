/** The default roles and bindings as objects, and how stored ones are brought up to date with them. */
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  Subject,
} from "../../kinds/generated/rbac-v1.ts";
import { rbacGroup } from "../../kinds/rbac/rbac-group.ts";
import { uncoveredRules } from "../authorization/policy-rule.ts";
import { bindings } from "./bindings.ts";
import { clusterRoles } from "./cluster-roles.ts";
import { controllerRoles } from "./controller-roles.ts";
import { namespaceRoles } from "./namespace-roles.ts";
import { ownBindings, ownRoles } from "./own-roles.ts";
import { type BindingEntry, parseRule, parseSubject, type RoleEntry } from "./rule-table.ts";

const apiVersion = `${rbacGroup}/v1`;
const autoupdate = "rbac.authorization.kubernetes.io/autoupdate";
const aggregateTo = (role: string): string => `rbac.authorization.k8s.io/aggregate-to-${role}`;
const aggregatesInto = ({ aggregateTo: roles }: RoleEntry): string[] => roles?.split(" ") ?? [];

const allClusterRoles: readonly RoleEntry[] = [...clusterRoles, ...controllerRoles, ...ownRoles];

function metadata({ name, namespace, labels }: { name: string; namespace?: string | undefined; labels?: object }) {
  return {
    name,
    ...(namespace ? { namespace } : {}),
    annotations: { [autoupdate]: "true" },
    labels: { "kubernetes.io/bootstrapping": "rbac-defaults", ...labels },
  };
}

/** What the aggregation controller will find, so that admin, edit and view hold from the first moment. */
function aggregatedRules(role: string): PolicyRule[] {
  const sources = allClusterRoles.filter((entry) => aggregatesInto(entry).includes(role));
  return sources.flatMap((source) => rulesOf(source));
}

function rulesOf(entry: RoleEntry): PolicyRule[] {
  const own = entry.rules.map(parseRule);
  return entry.aggregatesFrom ? [...aggregatedRules(entry.aggregatesFrom), ...own] : own;
}

export function defaultClusterRoles(): ClusterRole[] {
  return allClusterRoles.map((entry) => ({
    apiVersion,
    kind: "ClusterRole",
    metadata: metadata({
      name: entry.name,
      labels: Object.fromEntries(aggregatesInto(entry).map((role) => [aggregateTo(role), "true"])),
    }),
    ...(entry.aggregatesFrom
      ? {
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregateTo(entry.aggregatesFrom)]: "true" } }] },
        }
      : {}),
    rules: rulesOf(entry),
  }));
}

export function defaultRoles(): Role[] {
  return namespaceRoles.map(({ name, namespace, rules }) => ({
    apiVersion,
    kind: "Role",
    metadata: metadata({ name, namespace }),
    rules: rules.map(parseRule),
  }));
}

export function defaultClusterRoleBindings(): ClusterRoleBinding[] {
  const controllers = controllerRoles.map(({ name }) => ({
    name,
    role: name,
    subjects: [`ServiceAccount kube-system/${name.slice("system:controller:".length)}`],
  }));
  const entries: BindingEntry[] = [...bindings.filter((entry) => !entry.namespace), ...controllers, ...ownBindings];
  return entries.map((entry) => ({
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: metadata({ name: entry.name }),
    roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: entry.role },
    ...subjectsOf(entry),
  }));
}

export function defaultRoleBindings(): RoleBinding[] {
  const entries = bindings.filter((entry) => entry.namespace);
  return entries.map((entry) => ({
    apiVersion,
    kind: "RoleBinding",
    metadata: metadata({ name: entry.name, namespace: entry.namespace }),
    roleRef: { apiGroup: rbacGroup, kind: "Role", name: entry.role },
    ...subjectsOf(entry),
  }));
}

function subjectsOf({ subjects }: BindingEntry): { subjects?: Subject[] } {
  return subjects.length === 0 ? {} : { subjects: subjects.map(parseSubject) };
}

/** The stored role with missing default rules added; undefined where it is right or its owner opted out. */
export function reconcileRole<T extends ClusterRole | Role>(stored: T, wanted: T): T | undefined {
  if (stored.metadata?.annotations?.[autoupdate] === "false") return undefined;
  // The rules of an aggregated role are its controller's.
  if ("aggregationRule" in wanted && wanted.aggregationRule !== undefined) return undefined;
  const missing = uncoveredRules(stored.rules ?? [], wanted.rules ?? []);
  if (missing.length === 0) return undefined;
  return { ...stored, rules: [...(stored.rules ?? []), ...missing] };
}

/** The stored binding with missing default subjects added; undefined where it is right or its owner opted out. */
export function reconcileBinding<T extends ClusterRoleBinding | RoleBinding>(stored: T, wanted: T): T | undefined {
  if (stored.metadata?.annotations?.[autoupdate] === "false") return undefined;
  const key = ({ kind, name, namespace }: Subject): string => `${kind}/${namespace ?? ""}/${name}`;
  const present = new Set((stored.subjects ?? []).map(key));
  const missing = (wanted.subjects ?? []).filter((subject) => !present.has(key(subject)));
  return missing.length === 0 ? undefined : { ...stored, subjects: [...(stored.subjects ?? []), ...missing] };
}
