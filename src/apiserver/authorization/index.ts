/**
 * What a user may do: system:masters, then the Node authorizer, then RBAC. Fed by the reader (roles and bindings, pods
 * of nodes), kept indexed by its changes so that a decision reads memory only; feeds http, admission and the reviews.
 */
import type { PolicyRule } from "../../kinds/generated/rbac-v1.ts";
import type { StatusError } from "../../machinery/errors/status-error.ts";
import type { AuthorizationDecision, AuthorizationRequest, Authorizer, ObjectReader, UserInfo } from "../types.ts";

export interface RuleAuthorizer extends Authorizer {
  authorize(request: AuthorizationRequest): AuthorizationDecision;
  /** All rules that hold for the user in a namespace (cluster-wide ones included), for SelfSubjectRulesReview and escalation checks. */
  rulesFor(user: UserInfo, namespace: string): readonly PolicyRule[];
}

export declare function createAuthorizer(options: { readonly reader: ObjectReader }): RuleAuthorizer;

/** The 403 that http answers with: `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "y"`. */
export declare function forbiddenError(request: AuthorizationRequest, decision: AuthorizationDecision): StatusError;
