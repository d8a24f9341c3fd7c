/**
 * The kubelet's HTTPS server (10250): logs of containers and of the node, exec, attach, port-forward, run, pods, stats, metrics; and plain health on
 * the loopback interface (10248). Requests come from the API server, metrics collectors and administrators.
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import type { SecureContextOptions } from "node:tls";
import type { Client } from "../../client/types.ts";
import type { CertificateSource } from "../../lib/certificate-source.ts";
import type { Clock } from "../../lib/clock.ts";
import { ConnectionGuard, nodeServerLimits } from "../../lib/connection-guard.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import { RuntimeError } from "../cri/connection.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { podUid } from "../pods/labels.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import type { StatusManager } from "../pods/status-manager.ts";
import type { StatsSource } from "../stats/stats.ts";
import { createAccess } from "./access.ts";
import { sendContainerLogs } from "./container-logs.ts";
import { findWorker, HttpProblem, runningContainerId } from "./container-lookup.ts";
import { sendNodeLogs } from "./node-logs.ts";
import { containerTarget } from "./request-target.ts";
import { type RoutedRequest, type RouteName, type Routing, routeRequest } from "./routes.ts";
import { streamingUrl } from "./streaming-url.ts";
import { proxyUpgrade } from "./upgrade-proxy.ts";

export interface KubeletServerInput {
  readonly client: Client;
  readonly nodeName: string;
  readonly tls: { readonly serving: CertificateSource; readonly clientCa: string };
  readonly port: number;
  readonly healthPort: number;
  readonly runtime: RuntimeService;
  readonly manager: PodManager;
  readonly statuses: StatusManager;
  readonly stats: StatsSource;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** Folder of the node's log files. */
  readonly logs: string;
  /** Shown at /configz. */
  readonly configuration: object;
  /** Why the kubelet is not well; undefined: it is. */
  fault(): string | undefined;
}

/** An exec carries its whole command in the query, of which Linux takes 128 KiB a word. */
const maximumHeaderBytes = 160 * 1024;

/** Resolves when both ports listen. */
export async function startKubeletServer(input: KubeletServerInput): Promise<void> {
  const { client, nodeName, tls, clock, log, signal } = input;
  const access = createAccess(client, nodeName, clock);
  const answerProblem = (response: ServerResponse, error: unknown): void => {
    const code = error instanceof HttpProblem ? error.code : 500;
    if (code === 500) log.warn("request failed", { error: errorChain(error) });
    if (response.headersSent) response.destroy();
    else send(response, code, (error as Error).message);
  };
  const server = https.createServer(
    {
      ...secureContext(tls),
      requestCert: true,
      rejectUnauthorized: false,
      maxHeaderSize: maximumHeaderBytes,
      headersTimeout: nodeServerLimits.firstRequestMs,
      keepAliveTimeout: nodeServerLimits.idleMs,
      // As Go's server, which leaves it to handlers: where there is no stream, a request is answered as one without the header.
      shouldUpgradeCallback: (request) => isStream(routeOf(request)),
    },
    (request, response) => {
      const handle = async (): Promise<void> => {
        const routing = routeOf(request);
        if ("code" in routing) return sendUnrouted(response, routing);
        const refused = await access.check(request, routing);
        if (refused !== undefined) send(response, refused.code, refused.text);
        else await answer(input, routing, response);
      };
      handle().catch((error: unknown) => answerProblem(response, error));
    },
  );
  server.on("upgrade", (request, socket, head) => {
    const handle = async (): Promise<void> => {
      const routing = routeOf(request);
      if (!isStream(routing)) throw new HttpProblem(404, refusalText[404]);
      const refused = await access.check(request, routing);
      if (refused !== undefined) throw new HttpProblem(refused.code, refused.text);
      proxyUpgrade(request, socket, head, await streamingUrl(input, routing));
    };
    handle().catch((error: unknown) => refuseUpgrade(socket, error));
  });
  const health = http.createServer((request, response) => {
    const routing = routeOf(request);
    if ("route" in routing && routing.route === "healthz") sendHealth(input, response);
    else send(response, 404, "404 page not found\n");
  });
  new ConnectionGuard(nodeServerLimits).watch(server);
  new ConnectionGuard(nodeServerLimits).watch(health, { tls: false });
  await Promise.all([listen(server, input.port), listen(health, input.healthPort, "127.0.0.1")]);
  const ignoreRenewals = tls.serving.subscribe(() => server.setSecureContext(secureContext(tls)));
  signal.addEventListener(
    "abort",
    () => {
      ignoreRenewals();
      server.close();
      server.closeAllConnections();
      health.close();
    },
    { once: true },
  );
}

function secureContext({ serving, clientCa }: KubeletServerInput["tls"]): SecureContextOptions {
  const { certificate, privateKey } = serving.current();
  return { cert: certificate, key: privateKey, ca: clientCa };
}

function listen(server: http.Server | https.Server, port: number, host?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host }, () => resolve());
  });
}

function send(response: ServerResponse, code: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(code, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function sendJson(response: ServerResponse, value: unknown): void {
  send(response, 200, JSON.stringify(value), "application/json");
}

function sendHealth({ fault }: KubeletServerInput, response: ServerResponse): void {
  const why = fault();
  if (why === undefined) send(response, 200, "ok");
  else send(response, 500, why);
}

function refuseUpgrade(socket: Duplex, error: unknown): void {
  const notFound = error instanceof RuntimeError && error.notFound;
  const code = error instanceof HttpProblem ? error.code : notFound ? 404 : 500;
  const text = (error as Error).message;
  // The client's side need not stay open for what it still has to say.
  socket.once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${code} ${http.STATUS_CODES[code] ?? ""}\r\nContent-Type: text/plain\r\nConnection: close\r\n` +
      `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}

const routeOf = ({ method = "", url = "" }: IncomingMessage): Routing => routeRequest(method, url);

const streams: ReadonlySet<RouteName> = new Set(["exec", "attach", "portForward"]);
const isStream = (routing: Routing): routing is RoutedRequest =>
  "route" in routing && routing.route !== undefined && streams.has(routing.route);

const refusalText = { 404: "404: Page Not Found", 405: "405: Method Not Allowed" };

/** Answers what is the same for everybody. */
function sendUnrouted(response: ServerResponse, routing: Exclude<Routing, RoutedRequest>): void {
  if (routing.code === 307) response.setHeader("location", routing.location);
  send(response, routing.code, routing.code === 404 ? "404 page not found\n" : `${http.STATUS_CODES[routing.code]}\n`);
}

async function answer(input: KubeletServerInput, routed: RoutedRequest, response: ServerResponse): Promise<void> {
  const { route, parts, query, below } = routed;
  switch (route) {
    case "healthz":
      return sendHealth(input, response);
    case "logs":
      return sendNodeLogs(input.logs, below, response);
    case "containerLogs":
      return sendContainerLogs(input, parts, query, response);
    case "pods":
      return sendJson(response, podList(input));
    case "configz":
      return sendJson(response, { kubeletconfig: input.configuration });
    case "run":
      return run(input, parts, query, response);
    case "statsSummary":
      return sendStats(input, query, response);
    case "metrics":
      return send(
        response,
        200,
        await input.stats.metrics(parts.join("/")),
        "text/plain; version=0.0.4; charset=utf-8",
      );
    case "exec":
    case "attach":
    case "portForward":
      throw new HttpProblem(400, "Upgrade request required");
    default:
      if (routed.refusal === 405) response.setHeader("allow", routed.allowed.join(", "));
      send(response, routed.refusal, refusalText[routed.refusal]);
  }
}

async function sendStats(
  { stats }: KubeletServerInput,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const all = query.get("only_cpu_and_memory") !== "true";
  sendJson(response, await stats.summary(all ? "all" : "cpu and memory"));
}

function podList({ manager, statuses }: KubeletServerInput): object {
  const items = [...manager.workers()].map(({ pod }) => ({ ...pod, status: statuses.get(podUid(pod)) ?? pod.status }));
  return { kind: "PodList", apiVersion: "v1", metadata: {}, items };
}

async function run(
  { manager, runtime }: KubeletServerInput,
  parts: readonly string[],
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const { namespace, name, uid, container } = containerTarget(parts);
  const id = runningContainerId(findWorker(manager, namespace, name, uid), container);
  const command = (query.get("cmd") ?? "").split(" ").filter((word) => word !== "");
  const { stdout, stderr, exitCode } = await runtime.execSync(id, command, 0);
  const output = Buffer.concat([stdout, stderr]).toString();
  send(response, exitCode === 0 ? 200 : 500, output);
}
