/**
 * Who a request is from: client certificates, front-proxy headers, service account tokens, or nobody
 * (system:anonymous). Fed by the TLS socket, the request's headers and the reader (accounts, and the objects that
 * tokens are bound to); feeds authorization and the review resources.
 */
import type { KeyObject } from "node:crypto";
import type { Clock } from "../../lib/clock.ts";
import type { Authenticator, Authorizer, HttpRequest, ObjectReader, UserInfo } from "../types.ts";

export interface AuthenticationOptions {
  /** PEM bundle; the TLS server is made with `requestCert: true, rejectUnauthorized: false, ca: [clientCa, requestHeaderCa]`. */
  readonly clientCa: string;
  readonly requestHeader?: RequestHeaderOptions;
  readonly serviceAccount: ServiceAccountTokenOptions;
  readonly reader: ObjectReader;
  readonly clock?: Clock;
}

export interface RequestHeaderOptions {
  /** PEM of the front proxy's CA. */
  readonly ca: string;
  /** Common names that may speak for users; empty: any that the CA signed. */
  readonly allowedNames: readonly string[];
}

export interface ServiceAccountTokenOptions {
  /** `https://kubernetes.default.svc.cluster.local` */
  readonly issuer: string;
  /** Audiences that the API server itself accepts; the issuer by default. */
  readonly audiences: readonly string[];
  readonly publicKeys: readonly KeyObject[];
}

export interface TokenAuthentication {
  readonly user: UserInfo;
  readonly audiences: readonly string[];
}

export interface RequestAuthenticator extends Authenticator {
  /** Never undefined: without credentials it is system:anonymous. Throws StatusError 401 on bad ones. */
  authenticate(request: HttpRequest): Promise<UserInfo> | UserInfo;
  /** For TokenReview. Undefined: not a token of this cluster; throws Error with the reason of a refusal. */
  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenAuthentication | undefined>;
}

export declare function createAuthenticator(options: AuthenticationOptions): RequestAuthenticator;

/**
 * The user that the Impersonate-* headers name, after asking the authorizer for the verb impersonate; `user` itself
 * without such headers. Throws StatusError 403 or 400.
 */
export declare function impersonate(request: HttpRequest, user: UserInfo, authorizer: Authorizer): Promise<UserInfo>;

/** Body of /.well-known/openid-configuration. */
export declare function openidConfiguration(issuer: string, jwksUri: string, keys: readonly KeyObject[]): object;
/** Body of /openid/v1/jwks. */
export declare function jsonWebKeySet(keys: readonly KeyObject[]): Promise<object>;
