import type { KeyObject } from "node:crypto";
import type { JWTPayload } from "jose";
import { BoundedCache } from "../../lib/bounded-cache.ts";
import type { Clock } from "../../lib/clock.ts";
import { goStrings } from "../../machinery/errors/go-strings.ts";
import type { ObjectMeta } from "../../machinery/meta/object.ts";
import type { ObjectReader, UserInfo } from "../types.ts";
import { keyId, signingAlgorithm } from "./service-account-key.ts";
import * as user from "./user.ts";

export interface BoundReference {
  readonly name: string;
  readonly uid?: string;
}

/** The private claim `kubernetes.io` of a service account token. */
export interface KubernetesClaims {
  readonly namespace: string;
  readonly serviceaccount: BoundReference;
  readonly pod?: BoundReference;
  readonly secret?: BoundReference;
  readonly node?: BoundReference;
  readonly warnafter?: number;
}

export interface ServiceAccountClaims extends JWTPayload {
  readonly "kubernetes.io": KubernetesClaims;
}

export interface TokenVerifierOptions {
  readonly issuer: string;
  readonly publicKeys: readonly KeyObject[];
  readonly reader: ObjectReader;
  readonly clock: Clock;
}

/** Claims of tokens whose signature was good, so that a client's second request costs no cryptography. */
const cachedTokenBytes = 4 * 1024 * 1024;
/** Clock skew that is forgiven, and how long tokens bound to a deleted object still work; upstream's one minute. */
const leewaySeconds = 60;

/**
 * Verifies service account tokens. The signature is checked once a token; expiry, the account and the bound objects
 * are checked at every use against the cache.
 */
export class ServiceAccountTokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #verified = new BoundedCache<ServiceAccountClaims>(cachedTokenBytes);

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#keys = new Map(options.publicKeys.map((key) => [keyId(key), key]));
  }

  /**
   * The user of a token meant for one of `audiences`, and which of them it names. Undefined: not a token of this
   * issuer. Throws Error with the reason of a refusal.
   */
  async verify(
    token: string,
    audiences: readonly string[],
  ): Promise<{ user: UserInfo; audiences: string[] } | undefined> {
    const claims = this.#verified.get(token) ?? (await this.#checkSignature(token));
    if (claims === undefined) return undefined;
    const named = [claims.aud ?? []].flat();
    const matching = audiences.filter((audience) => named.includes(audience));
    if (matching.length === 0) {
      throw new Error(
        `token audiences ${goStrings(named)} is invalid for the target audiences ${goStrings(audiences)}`,
      );
    }
    this.#checkTimes(claims);
    return { user: this.#checkObjects(claims), audiences: matching };
  }

  async #checkSignature(token: string): Promise<ServiceAccountClaims | undefined> {
    const { compactVerify, decodeJwt, decodeProtectedHeader, errors } = await import("jose");
    try {
      if (decodeJwt(token).iss !== this.#options.issuer) return undefined;
      const { kid } = decodeProtectedHeader(token);
      const named = kid === undefined ? undefined : this.#keys.get(kid);
      for (const key of named === undefined ? this.#keys.values() : [named]) {
        try {
          const { payload } = await compactVerify(token, key, { algorithms: [signingAlgorithm(key)] });
          return this.#remember(token, JSON.parse(Buffer.from(payload).toString("utf8")) as ServiceAccountClaims);
        } catch (error) {
          if (!(error instanceof errors.JOSEError)) throw error;
        }
      }
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
    throw new Error("invalid bearer token");
  }

  #remember(token: string, claims: ServiceAccountClaims): ServiceAccountClaims {
    // The claims are part of the token; as objects they take a few times their text.
    this.#verified.set(token, claims, 4 * token.length);
    return claims;
  }

  #checkTimes(claims: ServiceAccountClaims): void {
    const now = this.#options.clock.now() / 1000;
    if (claims.exp !== undefined && now - leewaySeconds > claims.exp)
      throw new Error("service account token has expired");
    if (claims.nbf !== undefined && now + leewaySeconds < claims.nbf) {
      throw new Error("service account token is not valid yet");
    }
    if (claims.iat !== undefined && now + leewaySeconds < claims.iat) {
      throw new Error("service account token is issued in the future");
    }
  }

  #checkObjects(claims: ServiceAccountClaims): UserInfo {
    const bound = claims["kubernetes.io"];
    const { namespace, serviceaccount } = bound;
    const account = this.#metadata("serviceaccounts", namespace, serviceaccount.name);
    if (account === undefined) throw new Error(`serviceaccounts "${serviceaccount.name}" not found`);
    if (account.uid !== serviceaccount.uid) {
      throw new Error(`service account UID (${account.uid}) does not match claim (${serviceaccount.uid})`);
    }
    if (this.#isGone(account)) throw new Error(`service account ${namespace}/${serviceaccount.name} has been deleted`);
    if (bound.secret) this.#checkBound("secret", "secrets", namespace, bound.secret);
    if (bound.pod) this.#checkBound("pod", "pods", namespace, bound.pod);
    if (bound.node && !bound.pod) this.#checkBound("node", "nodes", "", bound.node);
    return user.withAuthenticatedGroup({
      username: user.serviceAccountUsername(namespace, serviceaccount.name),
      ...(serviceaccount.uid ? { uid: serviceaccount.uid } : {}),
      groups: user.serviceAccountGroups(namespace),
      extra: extraOf(claims),
    });
  }

  #checkBound(what: string, plural: string, namespace: string, reference: BoundReference): void {
    const metadata = this.#metadata(plural, namespace, reference.name);
    if (metadata === undefined) throw new Error("service account token has been invalidated");
    if (metadata.uid !== reference.uid) {
      throw new Error(
        `${what} UID (${metadata.uid}) does not match service account ${what} ref claim (${reference.uid})`,
      );
    }
    if (this.#isGone(metadata)) throw new Error("service account token has been invalidated");
  }

  #metadata(plural: string, namespace: string, name: string): ObjectMeta | undefined {
    return this.#options.reader.get("", plural, namespace, name)?.metadata;
  }

  #isGone(metadata: ObjectMeta): boolean {
    if (metadata.deletionTimestamp === undefined) return false;
    return Date.parse(metadata.deletionTimestamp) < this.#options.clock.now() - leewaySeconds * 1000;
  }
}

function extraOf(claims: ServiceAccountClaims): Record<string, string[]> {
  const { pod, node } = claims["kubernetes.io"];
  return {
    ...(pod ? { [user.podNameKey]: [pod.name], [user.podUidKey]: [pod.uid ?? ""] } : {}),
    ...(claims.jti ? { [user.credentialIdKey]: [`JTI=${claims.jti}`] } : {}),
    ...(node ? { [user.nodeNameKey]: [node.name] } : {}),
    ...(node?.uid ? { [user.nodeUidKey]: [node.uid] } : {}),
  };
}
