/**
 * Subresources and virtual resources with behaviour of their own. Fed by http after authentication, authorization and
 * admission; they act through reader and writer, or stream between the client and a kubelet.
 *
 * A handler with subresource "" answers the resource itself (bindings, tokenreviews, subjectaccessreviews, …,
 * componentstatuses with verbs get and list). For PATCH http calls `handle` with verb get, patches what it gave, and
 * calls `handle` with verb update.
 */
import { type Clock, systemClock } from "../../lib/clock.ts";
import type { RequestAuthenticator } from "../authentication/index.ts";
import type { RuleAuthorizer } from "../authorization/index.ts";
import type { KubeletConnections } from "../streaming/kubelet-connection.ts";
import type { SubresourceHandler } from "../types.ts";
import { accessReviewHandlers, rulesReviewHandler } from "./access-reviews.ts";
import { selfSubjectReviewHandler, tokenReviewHandler } from "./authentication-reviews.ts";
import { certificateApprovalHandler } from "./certificate-approval.ts";
import { componentStatusesHandler } from "./component-statuses.ts";
import { namespaceFinalizeHandler } from "./namespace-finalize.ts";
import { podBindingHandlers } from "./pod-binding.ts";
import { podEvictionHandler } from "./pod-eviction.ts";
import { podStreamHandlers } from "./pod-streams.ts";
import { ephemeralContainersHandler, podResizeHandler } from "./pod-updates.ts";
import { proxyHandlers } from "./proxy.ts";
import { scaleHandlers } from "./scale.ts";
import { type TokenSigningOptions, tokenRequestHandler } from "./token-request.ts";

export interface SubresourceOptions {
  readonly authenticator: RequestAuthenticator;
  readonly authorizer: RuleAuthorizer;
  readonly tokens: TokenSigningOptions;
  readonly kubelets: KubeletConnections;
  readonly clock?: Clock;
}

export function createSubresourceHandlers(options: SubresourceOptions): SubresourceHandler[] {
  const { authenticator, authorizer, tokens, kubelets, clock = systemClock } = options;
  return [
    ...podBindingHandlers,
    podEvictionHandler(clock),
    ephemeralContainersHandler,
    podResizeHandler,
    ...podStreamHandlers({ kubelets, authorizer }),
    ...proxyHandlers(kubelets),
    ...scaleHandlers,
    tokenRequestHandler(tokens, clock),
    tokenReviewHandler(authenticator),
    selfSubjectReviewHandler,
    ...accessReviewHandlers(authorizer),
    rulesReviewHandler(authorizer),
    namespaceFinalizeHandler,
    certificateApprovalHandler(clock),
    componentStatusesHandler,
  ];
}
