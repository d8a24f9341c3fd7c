import type { OutgoingHttpHeaders, ServerResponse } from "node:http";
import { constants as http2 } from "node:http2";
import type { Writable } from "node:stream";
import { createGzip, constants as zlib } from "node:zlib";
import { parseOwnJson } from "../../machinery/codec/json.ts";
import type { Status, StatusError } from "../../machinery/errors/status-error.ts";
import type { HttpResponse } from "../types.ts";
import { contentTypeOf, type OutputForm } from "./negotiation.ts";
import type { RequestContext } from "./request-context.ts";

/** What is larger takes long to be indented or written as YAML. */
const largeBytes = 64 * 1024;
/** Answers below this many bytes are never compressed, as upstream. */
const compressionThreshold = 128 * 1024;

/** Answers with bytes that are ready. Does nothing when the client is gone or has its answer. */
export function sendBytes(context: RequestContext, code: number, contentType: string, bytes: Buffer): void {
  const { response } = context;
  if (response.headersSent || isGone(response)) return;
  const headers: OutgoingHttpHeaders = commonHeaders(context, contentType);
  const { audit } = context;
  if (audit?.wantsResponse && contentType.startsWith("application/json") && context.info.isResourceRequest) {
    audit.responseObject(bytes);
  }
  audit?.started(code);
  if (bytes.length > compressionThreshold && wantsCompression(context)) {
    headers["content-encoding"] = "gzip";
    headers["vary"] = "Accept-Encoding";
    begin(response, code, headers);
    const gzip = createGzip({ level: zlib.Z_BEST_SPEED });
    gzip.pipe(response as NodeJS.WritableStream);
    gzip.end(bytes);
    return;
  }
  headers["content-length"] = bytes.length;
  answer(response, code, headers, context.request.method === "HEAD" ? undefined : bytes);
}

/** Answers with an object that is encoded now, in the form asked for. Async only for YAML, which is loaded on demand. */
export async function sendObject(
  context: RequestContext,
  code: number,
  object: unknown,
  form: OutputForm,
): Promise<void> {
  sendBytes(context, code, contentTypeOf[form.encoding], await encodeForm(object, form));
}

async function encodeForm(object: unknown, { encoding, pretty }: OutputForm): Promise<Buffer> {
  if (encoding === "yaml") {
    const { stringify } = await import("yaml");
    // Quotes what readers of YAML 1.1, Go programs among them, would not take for text.
    return Buffer.from(stringify(object, { version: "1.1" }));
  }
  return encodeJson(object, pretty);
}

export function encodeJson(object: unknown, pretty = false): Buffer {
  return Buffer.from(pretty ? `${JSON.stringify(object, null, 2)}\n` : JSON.stringify(object));
}

/** JSON bytes as the client wants them: as they are, indented, or as YAML. */
export async function sendJsonBytes(
  context: RequestContext,
  code: number,
  bytes: Buffer,
  form: OutputForm,
): Promise<void> {
  if (form.encoding === "json" && !form.pretty) return sendBytes(context, code, "application/json", bytes);
  if (bytes.length > largeBytes) await context.work.turns.take(context.user.username);
  await sendObject(context, code, parseOwnJson(bytes.toString("utf8")), form);
}

export function sendText(context: RequestContext, code: number, text: string): void {
  sendBytes(context, code, "text/plain; charset=utf-8", Buffer.from(text));
}

/** Answers with the error's Status. A response that has begun can only be broken off. */
export function sendError(context: RequestContext, error: StatusError): void {
  const { response } = context;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const retryAfter = error.status.details?.retryAfterSeconds;
  if (retryAfter !== undefined && retryAfter > 0) response.setHeader("retry-after", String(retryAfter));
  leaveBody(context);
  sendStatus(context, error.status);
}

/** Refuses a request that flow control has no room for; in plain text, as upstream. */
export function sendTooManyRequests(context: RequestContext, retryAfterSeconds: number): void {
  const { response } = context;
  if (response.headersSent || isGone(response)) return;
  response.setHeader("retry-after", String(retryAfterSeconds));
  response.setHeader("x-content-type-options", "nosniff");
  leaveBody(context);
  sendText(context, 429, "Too many requests, please try again later.\n");
}

/**
 * For an answer that comes before the whole body: what the client still sends would be taken for the next request, or
 * keep the stream open for ever, so that the connection or the stream ends with the answer.
 */
function leaveBody({ request, response }: RequestContext): void {
  if (request.complete) return;
  const { headers } = request;
  if ("stream" in response) {
    const { stream } = response;
    if (stream.endAfterHeaders) return;
    stream.once("finish", () => stream.close(http2.NGHTTP2_NO_ERROR));
  } else if (headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0) {
    response.setHeader("connection", "close");
  }
}

export function sendStatus(context: RequestContext, status: Status): void {
  context.audit?.status(status);
  const pretty = context.query.get("pretty") === "true" || context.query.get("pretty") === "1";
  sendBytes(context, status.code ?? 200, "application/json", encodeJson(status, pretty));
}

export function commonHeaders(context: RequestContext, contentType: string): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    "audit-id": context.auditId,
    "cache-control": "no-cache, private",
    "content-type": contentType,
  };
  const { flow } = context;
  if (flow !== undefined) {
    headers["x-kubernetes-pf-flowschema-uid"] = flow.schema.uid;
    headers["x-kubernetes-pf-prioritylevel-uid"] = flow.schema.level.uid;
  }
  if (context.warnings !== undefined) {
    // Several values of one header; the type knows only one.
    headers["warning"] = context.warnings.map(warningHeader) as unknown as string;
  }
  return headers;
}

/** RFC 7234's warn-value with code 299 and no agent; what a header cannot carry becomes a space or `?`. */
function warningHeader(message: string): string {
  const text = message
    .replace(/\s+/g, " ")
    .replace(/[^ -~]/g, "?")
    .replace(/["\\]/g, "\\$&");
  return `299 - "${text}"`;
}

/** On the way to the same machine, compressing costs more than it saves, whatever a client's default header says. */
export function wantsCompression({ request }: RequestContext): boolean {
  if (!String(request.headers["accept-encoding"] ?? "").includes("gzip")) return false;
  const { remoteAddress, localAddress } = request.socket;
  return remoteAddress !== localAddress && remoteAddress !== "::1" && !remoteAddress?.startsWith("127.");
}

/** Whether the client has gone away. A stream whose body nobody has read is closed for a while before it is destroyed. */
export function isGone(response: HttpResponse): boolean {
  if (!("stream" in response)) return response.destroyed;
  return response.stream.destroyed || response.stream.closed;
}

/** Both kinds of response have this method, under signatures that TypeScript cannot join. */
type WithHead = Pick<ServerResponse, "writeHead">;

/** Begins an answer whose body is written to what is returned. */
export function beginStream(
  context: RequestContext,
  code: number,
  contentType: string,
  extra: OutgoingHttpHeaders,
): Writable {
  begin(context.response, code, { ...commonHeaders(context, contentType), ...extra });
  return context.response as unknown as Writable;
}

function begin(response: HttpResponse, code: number, headers: OutgoingHttpHeaders): void {
  (response as WithHead).writeHead(code, headers);
}

/**
 * A whole answer. Under HTTP/2 it goes to the stream itself: Node's response would keep the stream open for trailers, which
 * no answer here has, and that is one more frame and a fifth of what a GET costs.
 */
function answer(response: HttpResponse, code: number, headers: OutgoingHttpHeaders, bytes: Buffer | undefined): void {
  if (!("stream" in response)) {
    response.writeHead(code, headers);
    response.end(bytes);
    return;
  }
  response.statusCode = code;
  const endStream = bytes === undefined || bytes.length === 0;
  // As a list, since Node would copy an object into a slow one first.
  const list = [":status", String(code)];
  appendHeaders(list, headers);
  appendHeaders(list, response.getHeaders());
  response.stream.respond(list, { endStream });
  if (!endStream) response.stream.end(bytes);
}

function appendHeaders(list: string[], headers: OutgoingHttpHeaders): void {
  for (const name in headers) {
    const value = headers[name];
    if (Array.isArray(value)) for (const one of value) list.push(name, one);
    else list.push(name, String(value));
  }
}
