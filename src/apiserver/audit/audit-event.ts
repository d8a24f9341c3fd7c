/** One request's audit.k8s.io/v1 Event: gathered on its way through the server, written as a line at each stage. */
import { isIP } from "node:net";
import type { AuditDecision, AuditLevel, AuditStage } from "../../machinery/audit/policy.ts";
import { parseOwnJson } from "../../machinery/codec/json.ts";
import type { Status } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { HttpRequest, RequestInfo, UserInfo } from "../types.ts";

export interface AuditEventParts {
  readonly decision: AuditDecision;
  readonly auditId: string;
  readonly request: HttpRequest;
  readonly info: RequestInfo;
  /** Undefined: authentication failed. */
  readonly user: UserInfo | undefined;
  /** Such requests say when their answer begins, too. */
  readonly longRunning: boolean;
  /** Now, as MicroTime. */
  timestamp(): string;
  write(line: string): void;
}

interface ObjectReference {
  resource?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiGroup?: string;
  apiVersion?: string;
  resourceVersion?: string;
  subresource?: string;
}

type Cause = NonNullable<NonNullable<Status["details"]>["causes"]>[number];
type Outcome = Pick<Status, "status" | "message" | "reason" | "details" | "code">;

const maximumUserAgentLength = 1024;
/** Upstream cuts neither of these two; here a log of a hundred megabytes is to remember more than a thousand requests. */
const maximumUriLength = 16 * 1024;
const maximumAddresses = 16;
/** Names and messages repeat what a client sent, three megabytes of it four times over: the log is to outlast that. */
const maximumNameLength = 1024;
const maximumMessageLength = 4096;
const maximumAnnotationLength = 10 * 1024;
const maximumCauses = 16;

export class AuditEvent {
  readonly #parts: AuditEventParts;
  readonly #received: string;
  /** Taken at the beginning: a stream that is over does not know its connection any more. */
  readonly #sources: readonly string[];
  readonly #reference: ObjectReference | undefined;
  #annotations: Record<string, string> | undefined;
  #impersonated: UserInfo | undefined;
  #status: Outcome | undefined;
  #requestObject: string | undefined;
  #responseObject: string | undefined;
  #started = false;
  #ended = false;

  constructor(parts: AuditEventParts) {
    this.#parts = parts;
    this.#received = parts.timestamp();
    this.#sources = sourceAddresses(parts.request);
    this.#reference = referenceOf(parts.info);
    this.#write("RequestReceived");
  }

  get level(): AuditLevel {
    return this.#parts.decision.level;
  }

  get wantsResponse(): boolean {
    return this.level === "RequestResponse" && this.#responseObject === undefined;
  }

  /** The first value of a key stays. */
  readonly annotate = (key: string, value: string): void => {
    this.#annotations ??= {};
    this.#annotations[key] ??= shortened(value, maximumAnnotationLength);
  };

  impersonating(user: UserInfo): void {
    this.#impersonated = user;
  }

  /** The decoded body, before anything was changed in it: names the object, and is logged where the level says so. */
  requestObject(object: UnknownObject | undefined): void {
    if (object === undefined) return;
    const { namespace, name, uid, resourceVersion } = object.metadata ?? {};
    const reference = this.#reference;
    if (reference !== undefined) {
      reference.namespace ||= namespace ?? "";
      reference.name ||= name ?? "";
      reference.uid ||= uid ?? "";
      reference.resourceVersion ||= resourceVersion ?? "";
    }
    if (this.#logsRequest) this.#requestObject = this.#encode(object);
  }

  /** A patch, as JSON. */
  requestPatch(patch: unknown): void {
    if (this.#logsRequest) this.#requestObject = JSON.stringify(patch);
  }

  /** `bytes` are compact JSON. */
  responseObject(bytes: Buffer): void {
    if (!this.wantsResponse) return;
    const text = bytes.toString("utf8");
    this.#responseObject = this.#parts.decision.omitManagedFields ? this.#encode(parseOwnJson(text)) : text.trim();
  }

  /** The answer is a Status. */
  status(status: Outcome): void {
    this.#status ??= status;
  }

  /** The answer begins. */
  started(code: number): void {
    if (this.#started) return;
    this.#started = true;
    if (this.#parts.longRunning) this.#write("ResponseStarted", code);
  }

  /** The answer is over, or the client is gone. */
  complete(code: number): void {
    this.started(code);
    this.#end("ResponseComplete", code);
  }

  /** The server failed where it should not have. */
  panic(message: string): void {
    this.#status = { status: "Failure", message: `APIServer panic'd: ${message}`, reason: "InternalError", code: 500 };
    this.#end("Panic", 500);
  }

  /** Authentication failed: the one line that there is about it. */
  unauthenticated(message: string): void {
    this.#status = { status: "Failure", message, reason: "Unauthorized", code: 401 };
    this.#started = true;
    this.#ended = true;
    this.#write("ResponseStarted", 401);
  }

  get #logsRequest(): boolean {
    return this.level === "Request" || this.level === "RequestResponse";
  }

  #end(stage: AuditStage, code: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#write(stage, code);
  }

  #encode(object: unknown): string {
    return JSON.stringify(this.#parts.decision.omitManagedFields ? withoutManagedFields(object) : object);
  }

  #write(stage: AuditStage, code?: number): void {
    const { decision, auditId, request, info, user, timestamp, write } = this.#parts;
    if (decision.omitStages.has(stage)) return;
    const event = {
      kind: "Event",
      apiVersion: "audit.k8s.io/v1",
      level: decision.level,
      auditID: auditId,
      stage,
      requestURI: shortened(request.url ?? "", maximumUriLength),
      verb: info.verb,
      user: user === undefined ? {} : userOf(user),
      ...(this.#impersonated === undefined ? {} : { impersonatedUser: userOf(this.#impersonated) }),
      sourceIPs: this.#sources,
      userAgent: shortened(request.headers["user-agent"], maximumUserAgentLength),
      ...(this.#reference === undefined ? {} : { objectRef: withoutEmpty(this.#reference) }),
      ...(code === undefined ? {} : { responseStatus: this.#statusOf(code) }),
      requestReceivedTimestamp: this.#received,
      stageTimestamp: timestamp(),
      ...(this.#annotations === undefined ? {} : { annotations: this.#annotations }),
    };
    let line = JSON.stringify(event);
    const objects = { requestObject: this.#requestObject, responseObject: this.#responseObject };
    for (const [field, text] of Object.entries(objects)) {
      if (text !== undefined) line = `${line.slice(0, -1)},${JSON.stringify(field)}:${text}}`;
    }
    write(line);
  }

  #statusOf(code: number): object {
    if (this.#status === undefined) return { metadata: {}, code };
    const { status, message, reason, details } = this.#status;
    return {
      metadata: {},
      status,
      message: shortened(message, maximumMessageLength),
      reason,
      details: shortenedDetails(details),
      code: this.#status.code ?? code,
    };
  }
}

function referenceOf(info: RequestInfo): ObjectReference | undefined {
  if (!info.isResourceRequest) return undefined;
  const { resource, namespace, name, group, version, subresource } = info;
  return { resource, namespace, name, uid: "", apiGroup: group, apiVersion: version, resourceVersion: "", subresource };
}

function withoutEmpty(reference: ObjectReference): object {
  const given = Object.entries(reference).filter(([, value]) => value !== "");
  return Object.fromEntries(given.map(([key, value]) => [key, shortened(value, maximumNameLength)]));
}

function userOf({ username, uid, groups, extra }: UserInfo): object {
  return { username, ...(uid ? { uid } : {}), groups, ...(extra === undefined ? {} : { extra }) };
}

/** Whom the client says it speaks for, and the connection's own, which is true. */
function sourceAddresses({ headers, socket }: HttpRequest): string[] {
  const forwarded = String(headers["x-forwarded-for"] ?? "").split(",", maximumAddresses);
  const real = String(headers["x-real-ip"] ?? "");
  const own = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const addresses = [...forwarded, real, own].map((one) => one.trim()).filter((one) => isIP(one) !== 0);
  return addresses.filter((one, index) => one !== addresses[index - 1]);
}

function shortened<T extends string | undefined>(text: T, maximum: number): T | string {
  if (text === undefined || text.length <= maximum) return text;
  return `${text.slice(0, maximum)}...TRUNCATED`;
}

function shortenedDetails(details: Outcome["details"]): Outcome["details"] {
  if (details === undefined) return undefined;
  const { name, group, kind, causes } = details;
  return {
    ...details,
    ...(name === undefined ? {} : { name: shortened(name, maximumNameLength) }),
    ...(group === undefined ? {} : { group: shortened(group, maximumNameLength) }),
    ...(kind === undefined ? {} : { kind: shortened(kind, maximumNameLength) }),
    ...(causes === undefined ? {} : { causes: causes.slice(0, maximumCauses).map(shortenedCause) }),
  };
}

function shortenedCause({ reason, message, field }: Cause): Cause {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(message === undefined ? {} : { message: shortened(message, maximumNameLength) }),
    ...(field === undefined ? {} : { field: shortened(field, maximumNameLength) }),
  };
}

/** Of an object, the items of a list, and the objects in a Table's rows. */
function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const object = value as { metadata?: Record<string, unknown>; items?: unknown; rows?: unknown };
  const copy = { ...object };
  if (object.metadata?.["managedFields"] !== undefined) {
    const { managedFields: _, ...metadata } = object.metadata;
    copy.metadata = metadata;
  }
  if (Array.isArray(object.items)) copy.items = object.items.map(withoutManagedFields);
  if (Array.isArray(object.rows)) {
    copy.rows = object.rows.map((row: { object?: unknown }) => ({ ...row, object: withoutManagedFields(row.object) }));
  }
  return copy;
}
