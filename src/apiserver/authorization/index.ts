/**
 * What a user may do: system:masters, then the Node authorizer, then RBAC. Fed by the reader (roles and bindings, pods
 * of nodes), kept indexed by its changes so that a decision reads memory only; feeds http, admission and the reviews.
 */
import type { PolicyRule, RoleRef } from "../../kinds/generated/rbac-v1.ts";
import { mastersGroup } from "../authentication/user.ts";
import type { AuthorizationDecision, AuthorizationRequest, Authorizer, ObjectReader, UserInfo } from "../types.ts";
import { NodeAuthorizer, nodeIdentity } from "./node-authorizer.ts";
import { RbacAuthorizer } from "./rbac-authorizer.ts";

export { forbiddenError } from "./forbidden.ts";

export interface RuleAuthorizer extends Authorizer {
  authorize(request: AuthorizationRequest): AuthorizationDecision;
  /**
   * All rules that hold for the user in a namespace (cluster-wide ones included); `incomplete` says why there may be
   * more.
   */
  rulesFor(user: UserInfo, namespace: string): { readonly rules: readonly PolicyRule[]; readonly incomplete?: string };
  /** Rules of the role that a binding in `namespace` refers to; undefined where there is no such role. */
  rulesOfRole(roleRef: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
}

const everything: readonly PolicyRule[] = [
  { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
  { nonResourceURLs: ["*"], verbs: ["*"] },
];

/** Always reachable without any role, for load balancers and probes (upstream's --authorization-always-allow-paths). */
const openPaths = new Set(["/healthz", "/readyz", "/livez"]);

export function createAuthorizer({ reader }: { readonly reader: ObjectReader }): RuleAuthorizer {
  const rbac = new RbacAuthorizer(reader);
  const nodes = new NodeAuthorizer(reader);
  return {
    authorize(request) {
      const { user, info } = request;
      if (user.groups.includes(mastersGroup)) return { allowed: true, reason: "" };
      if (!info.isResourceRequest && openPaths.has(info.path)) return { allowed: true, reason: "" };
      const byNode = nodes.authorize(request);
      if (byNode.allowed) return byNode;
      const byRole = rbac.authorize(request);
      if (byRole.allowed || byNode.reason === "") return byRole;
      return { allowed: false, reason: [byNode.reason, byRole.reason].filter((one) => one !== "").join("\n") };
    },
    rulesFor(user, namespace) {
      if (user.groups.includes(mastersGroup)) return { rules: everything };
      const rules = rbac.rulesFor(user, namespace);
      if (nodeIdentity(user) === undefined) return { rules };
      return { rules, incomplete: "node authorizer does not support user rule resolution" };
    },
    rulesOfRole: (roleRef, namespace) => rbac.index.rulesOf(roleRef, namespace),
  };
}
