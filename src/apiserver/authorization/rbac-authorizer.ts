import type { PolicyRule } from "../../kinds/generated/rbac-v1.ts";
import { BoundedCache } from "../../lib/bounded-cache.ts";
import type { AuthorizationDecision, AuthorizationRequest, ObjectReader, UserInfo } from "../types.ts";
import { ruleAllows } from "./policy-rule.ts";
import { describeGrant, RuleIndex } from "./rule-index.ts";

const rememberedBytes = 4 * 1024 * 1024;

/** Allows what a rule of a bound role allows; has no opinion otherwise. */
export class RbacAuthorizer {
  readonly index: RuleIndex;
  /** What rules without resource names allowed, so that it holds for every name; of one version of the index. */
  readonly #allowed = new BoundedCache<AuthorizationDecision>(rememberedBytes);
  #version = 0;

  constructor(reader: ObjectReader) {
    this.index = new RuleIndex(reader);
  }

  authorize(request: AuthorizationRequest): AuthorizationDecision {
    if (this.#version !== this.index.version) {
      this.#allowed.clear();
      this.#version = this.index.version;
    }
    const { user, info } = request;
    const who = identityKey(user);
    if (!info.isResourceRequest || who === undefined) return this.#evaluate(request);
    const key = `${who}\n\n${info.verb}\n${info.group}\n${info.resource}\n${info.subresource}\n${info.namespace}`;
    return this.#allowed.get(key) ?? this.#evaluate(request, key);
  }

  #evaluate({ user, info }: AuthorizationRequest, key?: string): AuthorizationDecision {
    const missing: string[] = [];
    for (const grant of this.index.grantsOf(user, info.namespace)) {
      const rules = this.index.rulesOf(grant.roleRef, grant.namespace);
      if (rules === undefined) missing.push(notFoundText(grant.roleRef.kind, grant.roleRef.name));
      else {
        const rule = rules.find((one) => ruleAllows(one, info));
        if (rule === undefined) continue;
        const decision = { allowed: true, reason: `RBAC: allowed by ${describeGrant(grant)}` };
        if (key !== undefined && !rule.resourceNames?.length)
          this.#allowed.set(key, decision, 2 * decision.reason.length);
        return decision;
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

const identityKeys = new WeakMap<UserInfo, string>();

/** User and groups as one text; undefined where a name has a line break, which would make two identities look alike. */
function identityKey(user: UserInfo): string | undefined {
  const known = identityKeys.get(user);
  if (known !== undefined) return known;
  const names = [user.username, ...user.groups];
  if (names.some((name) => name.includes("\n"))) return undefined;
  const key = names.join("\n");
  identityKeys.set(user, key);
  return key;
}

function notFoundText(kind: string, name: string): string {
  return `${kind === "Role" ? "role" : "clusterrole"}.rbac.authorization.k8s.io "${name}" not found`;
}
