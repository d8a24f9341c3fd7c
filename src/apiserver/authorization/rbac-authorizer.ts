import type { PolicyRule } from "../../kinds/generated/rbac-v1.ts";
import type { AuthorizationDecision, AuthorizationRequest, ObjectReader, UserInfo } from "../types.ts";
import { ruleAllows } from "./policy-rule.ts";
import { describeGrant, RuleIndex } from "./rule-index.ts";

/** Allows what a rule of a bound role allows; has no opinion otherwise. */
export class RbacAuthorizer {
  readonly index: RuleIndex;

  constructor(reader: ObjectReader) {
    this.index = new RuleIndex(reader);
  }

  authorize({ user, info }: AuthorizationRequest): AuthorizationDecision {
    const missing: string[] = [];
    for (const grant of this.index.grantsOf(user, info.namespace)) {
      const rules = this.index.rulesOf(grant.roleRef, grant.namespace);
      if (rules === undefined) missing.push(notFoundText(grant.roleRef.kind, grant.roleRef.name));
      else if (rules.some((rule) => ruleAllows(rule, info))) {
        return { allowed: true, reason: `RBAC: allowed by ${describeGrant(grant)}` };
      }
    }
    const unique = [...new Set(missing)];
    if (unique.length === 0) return { allowed: false, reason: "" };
    return { allowed: false, reason: `RBAC: ${unique.length === 1 ? unique[0] : `[${unique.join(", ")}]`}` };
  }

  rulesFor(user: UserInfo, namespace: string): PolicyRule[] {
    const rules: PolicyRule[] = [];
    for (const grant of this.index.grantsOf(user, namespace)) {
      rules.push(...(this.index.rulesOf(grant.roleRef, grant.namespace) ?? []));
    }
    return rules;
  }
}

function notFoundText(kind: string, name: string): string {
  return `${kind === "Role" ? "role" : "clusterrole"}.rbac.authorization.k8s.io "${name}" not found`;
}
