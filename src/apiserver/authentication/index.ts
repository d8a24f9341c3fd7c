/**
 * Who a request is from: client certificates, front-proxy headers, service account tokens, or nobody
 * (system:anonymous). Fed by the TLS socket, the request's headers and the reader (accounts, and the objects that
 * tokens are bound to); feeds authorization and the review resources.
 */
import type { KeyObject, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { unauthorized } from "../../machinery/errors/status-error.ts";
import type { Authenticator, HttpRequest, ObjectReader, UserInfo } from "../types.ts";
import {
  parseCertificates,
  peerCertificate,
  type VerifiedCertificate,
  verifyClientCertificate,
} from "./client-certificate.ts";
import { hasRequestHeaders, userFromRequestHeaders } from "./request-header.ts";
import { ServiceAccountTokenVerifier } from "./service-account-token.ts";
import { anonymous } from "./user.ts";

export { impersonate } from "./impersonation.ts";
export { jsonWebKeySet, jsonWebKeySetPath, openidConfiguration, openidConfigurationPath } from "./openid.ts";

export interface AuthenticationOptions {
  /**
   * PEM bundle. The TLS server is made with `requestCert: true, rejectUnauthorized: false` and both CAs; certificates
   * are verified here.
   */
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
  /**
   * For TokenReview; no audiences means the API server's own. Undefined: not a token of this cluster; throws Error
   * with the reason of a refusal.
   */
  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenAuthentication | undefined>;
}

/** What a connection's certificate proved, found out once a connection. */
interface ConnectionIdentity {
  readonly presented: boolean;
  readonly client: VerifiedCertificate | undefined;
  readonly frontProxy: VerifiedCertificate | undefined;
}

export function createAuthenticator(options: AuthenticationOptions): RequestAuthenticator {
  const clock = options.clock ?? systemClock;
  const { issuer, audiences, publicKeys } = options.serviceAccount;
  const ownAudiences = audiences.length > 0 ? audiences : [issuer];
  const tokens = new ServiceAccountTokenVerifier({ issuer, publicKeys, reader: options.reader, clock });
  const identify = connectionIdentities(options);
  const valid = (certificate: VerifiedCertificate | undefined): certificate is VerifiedCertificate =>
    certificate !== undefined && clock.now() >= certificate.notBefore && clock.now() <= certificate.notAfter;

  async function authenticateBearer(token: string): Promise<UserInfo> {
    try {
      const result = await tokens.verify(token, ownAudiences);
      if (result !== undefined) return result.user;
    } catch (cause) {
      throw Object.assign(unauthorized(), { cause });
    }
    throw unauthorized();
  }

  return {
    authenticate(request) {
      const identity = identify(request);
      const carried = takeCarriedToken(request);
      if (valid(identity.frontProxy) && hasRequestHeaders(request.headers)) {
        const user = userFromRequestHeaders(request.headers);
        if (user !== undefined) return user;
      }
      if (valid(identity.client)) return identity.client.user;
      const token = bearerToken(request, carried);
      if (token !== undefined) return authenticateBearer(token);
      // A front proxy's certificate alone stands for nobody; any other that failed is an error, as upstream.
      if (identity.presented && identity.frontProxy === undefined) throw unauthorized();
      return anonymous;
    },
    authenticateToken: (token, wanted) => tokens.verify(token, wanted.length > 0 ? wanted : ownAudiences),
  };
}

function connectionIdentities(options: AuthenticationOptions): (request: HttpRequest) => ConnectionIdentity {
  const clientAuthorities = parseCertificates(options.clientCa);
  const proxyAuthorities = options.requestHeader ? parseCertificates(options.requestHeader.ca) : [];
  const allowed = options.requestHeader?.allowedNames ?? [];
  const identities = new WeakMap<object, ConnectionIdentity>();

  function inspect(certificate: X509Certificate | undefined): ConnectionIdentity {
    if (certificate === undefined) return { presented: false, client: undefined, frontProxy: undefined };
    const proxy = verifyClientCertificate(certificate, proxyAuthorities);
    return {
      presented: true,
      client: verifyClientCertificate(certificate, clientAuthorities),
      frontProxy: proxy && (allowed.length === 0 || allowed.includes(proxy.commonName)) ? proxy : undefined,
    };
  }

  return (request) => {
    const connection = "stream" in request ? request.stream.session : request.socket;
    if (!connection) return inspect(undefined);
    let identity = identities.get(connection);
    if (identity === undefined) {
      const socket = "stream" in request ? request.stream.session?.socket : request.socket;
      identity = inspect(peerCertificate(socket as TLSSocket));
      identities.set(connection, identity);
    }
    return identity;
  };
}

const webSocketTokenPrefix = "base64url.bearer.authorization.k8s.io.";

/** From the Authorization header or, for browsers, from the WebSocket subprotocol that carries a token. */
function bearerToken({ headers }: HttpRequest, carried: string | undefined): string | undefined {
  const [scheme, token] = (headers.authorization ?? "").trim().split(" ");
  return scheme?.toLowerCase() === "bearer" && token ? token : carried;
}

/** Takes the subprotocol that carries a token out of the headers, whoever the request is from: no backend is to see it. */
function takeCarriedToken({ headers }: HttpRequest): string | undefined {
  const given = headers["sec-websocket-protocol"];
  if (given === undefined || !given.includes(webSocketTokenPrefix)) return undefined;
  const protocols = given.split(",").map((protocol) => protocol.trim());
  const carrier = protocols.find((protocol) => protocol.startsWith(webSocketTokenPrefix));
  const others = protocols.filter((protocol) => !protocol.startsWith(webSocketTokenPrefix));
  if (others.length === 0) delete headers["sec-websocket-protocol"];
  else headers["sec-websocket-protocol"] = others.join(", ");
  return carrier && Buffer.from(carrier.slice(webSocketTokenPrefix.length), "base64url").toString("utf8");
}
