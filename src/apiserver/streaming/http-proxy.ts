/**
 * Passes whole HTTP requests on to pods, services and nodes (`…/proxy/…`), and upgrades too. Links and redirects of the
 * answers are rewritten so that they lead through the proxy again.
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from "node:http";
import { type Agent, request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { StatusError, serviceUnavailable } from "../../machinery/errors/status-error.ts";
import { isGone } from "../http/respond.ts";
import type { HttpRequest, HttpResponse } from "../types.ts";
import { withDialTimeout } from "./dial-timeout.ts";
import { metClosedConnection, ownConnections } from "./idle-connection.ts";
import { passThrough, upgradeHeaders } from "./pass-through.ts";
import { dialOptions } from "./proxyable-address.ts";
import { type ProxyLocation, rewritePage, rewriteUrl } from "./rewrite-links.ts";

export interface ProxyTarget {
  readonly scheme: "http" | "https";
  readonly host: string;
  /** 0: the scheme's own. */
  readonly port: number;
  /** Path and query. */
  readonly path: string;
  /** The part of the request's path up to and with `/proxy`. */
  readonly prefix: string;
  /** For nodes, with their names: the connection that kubelets trust. Others' certificates are not verified. */
  readonly agent?: Agent;
  readonly servername?: string;
}

const highestStatus = 599;
/** No Content, Reset Content: what a server sends with them all the same is not passed on, and its length neither. */
const withoutContent = new Set([204, 205]);

/** A page is held until it is whole; longer ones are passed on as they come, with their links as they are. */
const maximumPageBytes = 4 * 1024 * 1024;

/** Headers that are about one connection only. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "proxy-connection",
  "http2-settings",
]);

/** Throws StatusError where the host is none to be led to. `keepAlive`: the connection may be one that was used before, and is kept for later. */
function send(target: ProxyTarget, options: RequestOptions, keepAlive: boolean): ReturnType<typeof httpRequest> {
  const { scheme, host, port, path, servername } = target;
  const agent = keepAlive ? target.agent : ownConnections(scheme, target.agent);
  const common = { ...options, ...dialOptions(host), path, ...(port > 0 ? { port } : {}), ...(agent ? { agent } : {}) };
  if (scheme === "http") return withDialTimeout(httpRequest(common));
  // Without a name, Node takes that of the client's Host header for the server's.
  const named = servername === undefined ? common : { ...common, servername };
  return withDialTimeout(httpsRequest({ ...named, ...(target.agent ? {} : { rejectUnauthorized: false }) }));
}

/** Whether a request can be sent again as it is: it has no body, and asks for nothing to be done. */
function isRepeatable({ method = "GET", headers }: HttpRequest): boolean {
  const bodiless = (headers["content-length"] ?? "0") === "0" && headers["transfer-encoding"] === undefined;
  return bodiless && ["GET", "HEAD", "OPTIONS"].includes(method);
}

/** The backend's answer. Rejects with StatusError 503 where it cannot be reached. */
function ask(
  target: ProxyTarget,
  headers: IncomingHttpHeaders,
  request: HttpRequest,
  response: HttpResponse,
): Promise<IncomingMessage> {
  const repeatable = isRepeatable(request);
  return new Promise((resolve, reject) => {
    const outgoing = send(target, { method: request.method ?? "GET", headers }, repeatable);
    outgoing.on("response", (backend) => {
      const { statusCode = 0 } = backend;
      if (statusCode >= 200 && statusCode <= highestStatus) resolve(backend);
      else outgoing.destroy(new Error(`malformed HTTP status code "${statusCode}"`));
    });
    outgoing.on("upgrade", (_backend, socket) => {
      socket.destroy();
      reject(unreachable(new Error("the backend switched protocols, which nobody had asked for")));
    });
    outgoing.on("error", (cause) => {
      // A client that went away ends the backend's connection too: that is not the backend's doing.
      const again = repeatable && !isGone(response) && metClosedConnection(outgoing, cause);
      if (again) resolve(ask(target, headers, request, response));
      else reject(unreachable(cause));
    });
    response.on("close", () => outgoing.destroy());
    if (repeatable) outgoing.end();
    else request.pipe(outgoing);
  });
}

const unreachable = (cause: Error): Error =>
  cause instanceof StatusError
    ? cause
    : Object.assign(serviceUnavailable(`error trying to reach service: ${cause.message}`), { cause });

/** Resolves when the answer has been passed on. Throws StatusError 503 where the backend cannot be reached. */
export async function proxyRequest(target: ProxyTarget, request: HttpRequest, response: HttpResponse): Promise<void> {
  const requestHost = request.headers.host ?? request.headers[":authority"]?.toString() ?? "";
  const headers = forwardedHeaders(request.headers);
  headers["x-forwarded-uri"] = request.url ?? "";
  if (requestHost !== "") headers["host"] = requestHost;
  const backend = await ask(target, headers, request, response);
  const backendHost = target.port > 0 ? `${target.host}:${target.port}` : target.host;
  await answer(backend, response, { prefix: target.prefix, backendHost, requestHost });
}

async function answer(backend: IncomingMessage, response: HttpResponse, location: ProxyLocation): Promise<void> {
  const headers = forwardedHeaders(backend.headers);
  if (withoutContent.has(backend.statusCode ?? 0)) delete headers["content-length"];
  const redirect = backend.headers.location;
  if (redirect !== undefined) headers["location"] = rewriteUrl(redirect, location);
  const isHtml = backend.headers["content-type"]?.split(";")[0]?.trim() === "text/html";
  const write = response as { writeHead(code: number, headers: IncomingHttpHeaders): unknown };
  if (redirect === undefined && isHtml && backend.headers["content-encoding"] === undefined) {
    const start = await readStart(backend);
    if (start.length <= maximumPageBytes) {
      const page = Buffer.from(await rewritePage(start.toString("utf8"), location));
      if (page.length > 0) headers["content-length"] = String(page.length);
      write.writeHead(backend.statusCode ?? 502, headers);
      response.end(page);
      return;
    }
    backend.unshift(start);
  }
  write.writeHead(backend.statusCode ?? 502, headers);
  await new Promise<void>((resolve) => {
    response.on("close", resolve);
    backend.on("error", () => response.destroy());
    backend.pipe(response as NodeJS.WritableStream);
  });
}

/** The whole body, or where it is longer than what pages have their links rewritten up to, the beginning of it. */
async function readStart(backend: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of backend.iterator({ destroyOnReturn: false })) {
      chunks.push(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > maximumPageBytes) break;
    }
  } catch (cause) {
    throw unreachable(cause as Error);
  }
  return Buffer.concat(chunks);
}

function forwardedHeaders(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const passed: IncomingHttpHeaders = {};
  for (const [name, value] of Object.entries(headers)) {
    // Whom the request is made as has been decided here.
    const isOurs = name === "authorization" || name.startsWith("impersonate-");
    if (!name.startsWith(":") && !hopByHop.has(name) && !isOurs && value !== undefined) passed[name] = value;
  }
  return passed;
}

/** Resolves when the two connections are joined. Throws StatusError 503 where the backend cannot be reached. */
export async function proxyUpgrade(
  target: ProxyTarget,
  request: HttpRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const upstream = await new Promise<Parameters<typeof passThrough>[0]>((resolve, reject) => {
    const outgoing = send(target, { method: request.method ?? "GET", headers: upgradeHeaders(request) }, false);
    outgoing.on("upgrade", (response, upgraded, rest) => {
      upgraded.on("error", () => upgraded.destroy());
      resolve({ response, socket: upgraded, head: rest });
    });
    outgoing.on("response", resolve);
    outgoing.on("error", (cause) => reject(unreachable(cause)));
    outgoing.end();
  });
  await passThrough(upstream, socket, head);
}
