/**
 * The seams inside the API server: who a request is from, what it asks, and the plug-ins that the registry calls.
 * `http` builds RequestInfo; `authentication`, `authorization` and `admission` implement the interfaces below;
 * `registry` implements ObjectReader.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { Duplex } from "node:stream";
import type { KindDefinition } from "../machinery/kind.ts";
import type { UnknownObject } from "../machinery/meta/object.ts";

export type HttpRequest = IncomingMessage | Http2ServerRequest;
export type HttpResponse = ServerResponse | Http2ServerResponse;

export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** apiserver's RequestInfo: the request's path and method, taken apart. */
export interface RequestInfo {
  /** Decoded. */
  readonly path: string;
  /** `?` and what follows it, as it was sent. */
  readonly search: string;
  readonly query: URLSearchParams;
  /** Kubernetes verb for resources (get, list, watch, create, …), lower-case HTTP method otherwise. */
  readonly verb: string;
  readonly isResourceRequest: boolean;
  readonly group: string;
  readonly version: string;
  /** Plural; empty for non-resource requests. */
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** What follows the subresource (proxy paths). */
  readonly subpath: string;
}

export interface Authenticator {
  /** The user; undefined where this method of authentication does not apply; throws StatusError 401 on bad credentials. */
  authenticate(request: HttpRequest): Promise<UserInfo | undefined> | UserInfo | undefined;
}

export interface AuthorizationRequest {
  readonly user: UserInfo;
  readonly info: Pick<
    RequestInfo,
    "path" | "verb" | "isResourceRequest" | "group" | "version" | "resource" | "subresource" | "namespace" | "name"
  > & { /** For the node authorizer, which reads fieldSelector. */ readonly query?: URLSearchParams };
}

export interface AuthorizationDecision {
  readonly allowed: boolean;
  readonly denied?: boolean;
  /** `RBAC: allowed by ClusterRoleBinding …`; empty where nothing matched. */
  readonly reason: string;
}

export interface Authorizer {
  authorize(request: AuthorizationRequest): AuthorizationDecision | Promise<AuthorizationDecision>;
}

/** Reads of decoded objects from the watch cache, for authorization, admission and subresources. Frozen objects. */
export interface ObjectReader {
  get<T = UnknownObject>(group: string, plural: string, namespace: string, name: string): T | undefined;
  /** `namespace` empty: all namespaces. */
  list<T = UnknownObject>(group: string, plural: string, namespace?: string): readonly T[];
  /** Calls back on every change; returns how to stop. */
  subscribe(group: string, plural: string, callback: (change: ObjectChange) => void): () => void;
}

export interface ObjectChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: UnknownObject;
}

/** Writes through the whole chain, as the API server itself (for bootstrap objects, token requests and the like). */
export interface ObjectWriter {
  create(group: string, plural: string, object: UnknownObject): Promise<UnknownObject>;
  /**
   * Reads, lets `change` return the new object (or undefined to leave it), writes; tries again on conflict. Returns
   * the stored object. Throws StatusError NotFound. With a subresource other than status (binding, ephemeralcontainers,
   * resize, finalize, approval, scale, …) what `change` returns is stored as it is, without prepareForUpdate, validateUpdate
   * and admission: the subresource's handler has done its own. Generation still counts.
   */
  modify(
    target: { group: string; plural: string; namespace: string; name: string; subresource?: string },
    change: (object: UnknownObject) => UnknownObject | undefined,
  ): Promise<UnknownObject>;
  delete(group: string, plural: string, namespace: string, name: string, options?: UnknownObject): Promise<void>;
}

export type AdmissionOperation = "CREATE" | "UPDATE" | "DELETE" | "CONNECT";

export interface AdmissionRequest {
  readonly operation: AdmissionOperation;
  readonly kind: KindDefinition;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  /** Mutable in `admit`; absent on DELETE. For subresources with a kind of their own, the body. */
  readonly object: UnknownObject | undefined;
  readonly oldObject: UnknownObject | undefined;
  readonly options: UnknownObject;
  /** Adds a Warning header to the response. */
  warn(message: string): void;
  /** Notes something in the audit event; undefined where there is none. */
  readonly annotate?: ((key: string, value: string) => void) | undefined;
}

export interface AdmissionPlugin {
  /** Upstream's name, `NamespaceLifecycle`. */
  readonly name: string;
  /** May change `request.object`; throws StatusError to refuse. */
  admit?(request: AdmissionRequest): Promise<void> | void;
  validate?(request: AdmissionRequest): Promise<void> | void;
}

/** What a subresource with behaviour of its own gets (exec, log, binding, eviction, token, scale, proxy). */
export interface SubresourceRequest {
  readonly request: HttpRequest;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly kind: KindDefinition;
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  /** Decoded, defaulted request body; undefined where there is none. */
  readonly body: UnknownObject | undefined;
  readonly dryRun: boolean;
  warn(message: string): void;
  readonly annotate?: ((key: string, value: string) => void) | undefined;
}

/** Answered as an object: encoded, negotiated and given a status code by http. */
export interface SubresourceResult {
  readonly code: number;
  readonly object: UnknownObject;
}

export interface SubresourceHandler {
  /** `pods`, group and subresource name that this handler answers; subresource "" answers the resource itself (tokenreviews). */
  readonly group: string;
  readonly plural: string;
  readonly subresource: string;
  /**
   * For object-in, object-out subresources. For PATCH, http calls it with verb get, patches what it gave, and calls it
   * with verb update and the result as body.
   */
  handle?(request: SubresourceRequest): Promise<SubresourceResult>;
  /**
   * For subresources that take the object itself (resize, approval, …): what is stored of the request's body when `stored`
   * is there. Plug-ins that validate see this, as upstream's do, and not the body. Throws StatusError; changes nothing.
   */
  merge?(request: SubresourceRequest, stored: UnknownObject): UnknownObject;
  /** For streams that write the response themselves (log, proxy over plain HTTP). */
  stream?(request: SubresourceRequest, response: HttpResponse): Promise<void>;
  /** For HTTP/1.1 upgrades (WebSocket, SPDY): exec, attach, port-forward, proxy. */
  upgrade?(request: SubresourceRequest, socket: Duplex, head: Buffer): Promise<void>;
}
