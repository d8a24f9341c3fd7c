import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
} from "../../kinds/generated/rbac-v1.ts";
import { rbacGroup } from "../../kinds/rbac/rbac-group.ts";
import { goStrings } from "../../machinery/errors/go-strings.ts";
import { forbidden, notFound } from "../../machinery/errors/status-error.ts";
import { deepEqual } from "../../machinery/meta/accessors.ts";
import { mastersGroup } from "../authentication/user.ts";
import type { RuleAuthorizer } from "../authorization/index.ts";
import { describeRules, uncoveredRules } from "../authorization/policy-rule.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../types.ts";
import { concerns, objectOf, oldObjectOf } from "./request.ts";

const everything: readonly PolicyRule[] = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
];

/**
 * Nobody gives out more than they have: roles and bindings are refused whose rules their author does not hold, unless
 * the author may `escalate` roles or `bind` the one in question. (Upstream checks this in the registry.)
 */
export function roleEscalation(authorizer: RuleAuthorizer): AdmissionPlugin {
  function may(verb: string, { user, namespace }: AdmissionRequest, resource: string, name: string): boolean {
    const info = {
      path: "",
      verb,
      isResourceRequest: true,
      group: rbacGroup,
      version: "*",
      resource,
      subresource: "",
      namespace,
      name,
    };
    return authorizer.authorize({ user, info }).allowed;
  }

  function confirmHeld(request: AdmissionRequest, rules: readonly PolicyRule[], message?: string): void {
    const { user, namespace, kind, name, object } = request;
    const missing = uncoveredRules(authorizer.rulesFor(user, namespace).rules, rules);
    if (missing.length === 0) return;
    const who = `user ${JSON.stringify(user.username)} (groups=${goStrings(user.groups)})`;
    const detail = `${who} is attempting to grant RBAC permissions not currently held:\n${describeRules(missing).join("\n")}`;
    throw forbidden(kind, name || (object?.metadata?.name ?? ""), message ?? detail);
  }

  function checkRole(request: AdmissionRequest): void {
    const { plural } = request.kind;
    if (may("escalate", request, plural, request.name)) return;
    const role = objectOf<ClusterRole & Role>(request);
    confirmHeld(request, role.rules ?? []);
    const aggregates = (one: ClusterRole | undefined): boolean =>
      (one?.aggregationRule?.clusterRoleSelectors?.length ?? 0) > 0;
    if (!aggregates(role) && !aggregates(oldObjectOf<ClusterRole | undefined>(request))) return;
    confirmHeld(request, everything, "must have cluster-admin privileges to use the aggregationRule");
  }

  function checkBinding(request: AdmissionRequest): void {
    const { roleRef } = objectOf<ClusterRoleBinding & RoleBinding>(request);
    if (may("bind", request, pluralOf(roleRef), roleRef.name)) return;
    const rules = authorizer.rulesOfRole(roleRef, request.namespace);
    if (rules === undefined) throw notFound({ group: rbacGroup, plural: pluralOf(roleRef) }, roleRef.name);
    confirmHeld(request, rules);
  }

  return {
    name: "RoleEscalation",
    validate(request) {
      if (request.kind.group !== rbacGroup || request.subresource !== "") return;
      if (request.operation !== "CREATE" && request.operation !== "UPDATE") return;
      if (request.user.groups.includes(mastersGroup) || onlyMetadataChanged(request)) return;
      if (concerns(request, rbacGroup, "roles") || concerns(request, rbacGroup, "clusterroles")) checkRole(request);
      else checkBinding(request);
    },
  };
}

const pluralOf = ({ kind }: RoleRef): string => (kind === "ClusterRole" ? "clusterroles" : "roles");

/** Garbage collection takes finalizers and owners off without holding the rules. */
function onlyMetadataChanged({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (operation !== "UPDATE" || object === undefined || oldObject === undefined) return false;
  const withoutCollected = ({ metadata, ...rest }: typeof object) => {
    const { finalizers: _f, ownerReferences: _o, managedFields: _m, resourceVersion: _r, ...kept } = metadata ?? {};
    return { ...rest, metadata: kept };
  };
  return deepEqual(withoutCollected(object), withoutCollected(oldObject));
}
