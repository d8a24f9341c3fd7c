/**
 * Subresources and virtual resources with behaviour of their own. Fed by http after authentication, authorization and
 * admission; they act through reader and writer, or stream between the client and a kubelet.
 *
 * A handler with subresource "" answers the resource itself (bindings, tokenreviews, subjectaccessreviews, …,
 * componentstatuses with verbs get and list). For PATCH http calls `handle` with verb get, patches what it gave, and
 * calls `handle` with verb update.
 */
import type { KeyObject } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import type { RequestAuthenticator } from "../authentication/index.ts";
import type { RuleAuthorizer } from "../authorization/index.ts";
import type { SubresourceHandler } from "../types.ts";

export interface SubresourceOptions {
  readonly authenticator: RequestAuthenticator;
  readonly authorizer: RuleAuthorizer;
  readonly tokens: TokenSigningOptions;
  readonly kubelet: KubeletTlsOptions;
  readonly clock?: Clock;
}

export interface TokenSigningOptions {
  readonly issuer: string;
  /** Default audiences of a TokenRequest without any. */
  readonly audiences: readonly string[];
  /** ECDSA P-256 or RSA. */
  readonly privateKey: KeyObject;
}

/** How the API server reaches kubelets; PEM. */
export interface KubeletTlsOptions {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export declare function createSubresourceHandlers(options: SubresourceOptions): SubresourceHandler[];
