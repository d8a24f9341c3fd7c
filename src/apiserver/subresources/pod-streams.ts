/** Streams between a client and the container of a pod: log, exec, attach and portforward. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { type FieldError, invalidValue } from "../../machinery/errors/field-error.ts";
import { badRequest, internalError, invalid, StatusError } from "../../machinery/errors/status-error.ts";
import { forbiddenError, type RuleAuthorizer } from "../authorization/index.ts";
import type { KubeletAddress, KubeletConnections } from "../streaming/kubelet-connection.ts";
import { passThrough, upgradeHeaders } from "../streaming/pass-through.ts";
import type { HttpResponse, SubresourceHandler, SubresourceRequest } from "../types.ts";
import { subjectOf } from "./subject.ts";

export interface PodStreamOptions {
  readonly kubelets: KubeletConnections;
  readonly authorizer: RuleAuthorizer;
}

export function podStreamHandlers(options: PodStreamOptions): SubresourceHandler[] {
  return [
    {
      group: "",
      plural: "pods",
      subresource: "log",
      stream: (request, response) => log(options, request, response),
      upgrade: (request, socket, head) => logMessages(options, request, socket, head),
    },
    upgradeHandler("exec", (request, socket, head) => remoteCommand(options, request, socket, head)),
    upgradeHandler("attach", (request, socket, head) => remoteCommand(options, request, socket, head)),
    upgradeHandler("portforward", (request, socket, head) => portForward(options, request, socket, head)),
  ];
}

function upgradeHandler(subresource: string, upgrade: NonNullable<SubresourceHandler["upgrade"]>): SubresourceHandler {
  return {
    group: "",
    plural: "pods",
    subresource,
    upgrade,
    stream: () => Promise.reject(badRequest("Upgrade request required")),
  };
}

const flag = (query: URLSearchParams, name: string): boolean => ["1", "true"].includes(query.get(name) ?? "");

/** The container asked for, or the only one. Throws StatusError BadRequest. */
function containerOf({ spec, metadata }: Pod, wanted: string | null): string {
  const containers = (spec?.containers ?? []).map((one) => one.name);
  const initContainers = (spec?.initContainers ?? []).map((one) => one.name);
  const ephemeral = (spec?.ephemeralContainers ?? []).map((one) => one.name);
  const name = metadata?.name ?? "";
  if (wanted) {
    if ([...containers, ...initContainers, ...ephemeral].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const [only, ...others] = containers;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${name}`);
  if (others.length === 0) return only;
  const alternatives = initContainers.length > 0 ? ` or one of the init containers: [${initContainers.join(" ")}]` : "";
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(" ")}]${alternatives}`,
  );
}

const logFlags = ["follow", "previous", "timestamps"];
const logMinima: Readonly<Record<string, readonly [number, string]>> = {
  sinceSeconds: [1, "must be greater than 0"],
  tailLines: [0, "must be greater than or equal to 0"],
  limitBytes: [1, "must be greater than 0"],
};

function logQuery({ info }: SubresourceRequest): URLSearchParams {
  const query = new URLSearchParams();
  const errors: FieldError[] = [];
  for (const name of logFlags) if (flag(info.query, name)) query.set(name, "true");
  for (const [name, [minimum, detail]] of Object.entries(logMinima)) {
    const value = info.query.get(name);
    if (value === null) continue;
    if (!/^-?\d+$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`);
    if (Number(value) < minimum) errors.push(invalidValue(name, Number(value), detail));
    query.set(name, value);
  }
  const sinceTime = info.query.get("sinceTime");
  if (sinceTime !== null) query.set("sinceTime", sinceTime);
  if (sinceTime !== null && info.query.has("sinceSeconds")) {
    errors.push(invalidValue("sinceSeconds", null, "at most one of `sinceTime` or `sinceSeconds` may be specified"));
  }
  const stream = info.query.get("stream");
  if (stream !== null) query.set("stream", stream);
  if (errors.length > 0) throw invalid({ group: "", kind: "PodLogOptions" }, info.name, errors);
  return query;
}

/** The log as the kubelet gives it; undefined where the pod has no node yet. */
async function openLog(
  { kubelets }: PodStreamOptions,
  request: SubresourceRequest,
  signal: AbortSignal,
): Promise<IncomingMessage | undefined> {
  const pod = subjectOf<Pod>(request);
  const query = logQuery(request);
  const container = containerOf(pod, request.info.query.get("container"));
  if (!pod.spec?.nodeName) return undefined;
  const address = kubelets.addressOf(request.reader, pod.spec.nodeName);
  const { namespace, name } = request.info;
  const path = `/containerLogs/${namespace}/${name}/${container}?${query}`;
  const source = await kubelets.get(address, { method: "GET", path, signal });
  const code = source.statusCode ?? 500;
  if (code < 200 || code > 206) throw await logError(source, name);
  return source;
}

async function log(options: PodStreamOptions, request: SubresourceRequest, response: HttpResponse): Promise<void> {
  const abort = new AbortController();
  response.on("close", () => abort.abort());
  const source = await openLog(options, request, abort.signal);
  const write = response as { writeHead(code: number, headers: Record<string, string>): unknown };
  write.writeHead(200, { "content-type": "text/plain" });
  if (source === undefined) {
    response.end();
    return;
  }
  // Headers go out before the first line: a follower of a silent container must see that it is connected.
  if ("flushHeaders" in response) response.flushHeaders();
  await new Promise<void>((resolve) => {
    response.on("close", resolve);
    source.on("error", () => response.end());
    source.pipe(response as NodeJS.WritableStream);
  });
}

async function logMessages(
  options: PodStreamOptions,
  request: SubresourceRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  if (!isWebSocketUpgrade(request)) throw badRequest("nothing to upgrade to here");
  const abort = new AbortController();
  socket.once("close", () => abort.abort());
  const source = await openLog(options, request, abort.signal);
  const { sendAsMessages } = await import("../streaming/message-stream.ts");
  await sendAsMessages(source, request.request as IncomingMessage, socket, head);
}

async function logError(source: IncomingMessage, name: string): Promise<StatusError> {
  const text = await textOf(source);
  const code = source.statusCode ?? 500;
  if (code === 500) return internalError(new Error(text));
  if (code === 400) return badRequest(text);
  const about = `( pods/log ${name})`;
  const message =
    code === 404
      ? `the server could not find the requested resource ${about}`
      : `the server responded with the status code ${code} but did not return more information ${about}`;
  return new StatusError({
    code,
    reason: code === 404 ? "NotFound" : "InternalError",
    message,
    details: { name, kind: "pods/log" },
  });
}

async function textOf(source: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of source) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** The kubelet of the pod's node. Throws StatusError BadRequest for pods without one. */
function kubeletOf({ kubelets }: PodStreamOptions, { reader }: SubresourceRequest, pod: Pod): KubeletAddress {
  const nodeName = pod.spec?.nodeName;
  if (!nodeName) throw badRequest(`pod ${pod.metadata?.name} does not have a host assigned`);
  return kubelets.addressOf(reader, nodeName);
}

/** A WebSocket is opened with GET, which alone must not be enough to run commands. */
function checkMayCreate({ authorizer }: PodStreamOptions, { user, info }: SubresourceRequest): void {
  if (info.verb === "create") return;
  const question = { user, info: { ...info, verb: "create" } };
  const decision = authorizer.authorize(question);
  if (!decision.allowed) throw forbiddenError(question, decision);
}

const isWebSocketUpgrade = ({ request }: SubresourceRequest): boolean =>
  request.headers.upgrade?.toLowerCase() === "websocket";

async function remoteCommand(
  options: PodStreamOptions,
  request: SubresourceRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  checkMayCreate(options, request);
  const { info } = request;
  const pod = subjectOf<Pod>(request);
  const container = containerOf(pod, info.query.get("container"));
  const address = kubeletOf(options, request, pod);
  const streams = { stdin: "input", stdout: "output", stderr: "error", tty: "tty" } as const;
  const query = new URLSearchParams();
  for (const [name, kubeletName] of Object.entries(streams)) {
    if (flag(info.query, name)) query.set(kubeletName, "1");
  }
  for (const word of info.subresource === "exec" ? info.query.getAll("command") : []) query.append("command", word);
  if (info.subresource === "exec" && !info.query.has("command"))
    throw badRequest("you must specify at least 1 command");
  const path = `/${info.subresource}/${info.namespace}/${info.name}/${container}?${query}`;
  if (!isWebSocketUpgrade(request)) return passToKubelet(options, request, { address, path, socket, head });
  const { translateRemoteCommand } = await import("../streaming/remote-command.ts");
  const [stdin, stdout, stderr, tty] = Object.values(streams).map((name) => query.has(name)) as [
    boolean,
    boolean,
    boolean,
    boolean,
  ];
  const command = { kubelets: options.kubelets, address, path, stdin, stdout, stderr, tty };
  await translateRemoteCommand(command, request.request as IncomingMessage, socket, head);
}

async function portForward(
  options: PodStreamOptions,
  request: SubresourceRequest,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  checkMayCreate(options, request);
  const { info } = request;
  const pod = subjectOf<Pod>(request);
  const address = kubeletOf(options, request, pod);
  const ports = info.query.getAll("ports").flatMap((list) => list.split(","));
  const path = `/portForward/${info.namespace}/${info.name}${ports.length > 0 ? `?port=${ports.join(",")}` : ""}`;
  if (!isWebSocketUpgrade(request)) return passToKubelet(options, request, { address, path, socket, head });
  const { forwardPorts } = await import("../streaming/port-forward.ts");
  const forward = { kubelets: options.kubelets, address, path, ports: ports.map(Number) };
  await forwardPorts(forward, request.request as IncomingMessage, socket, head);
}

interface Passage {
  readonly address: KubeletAddress;
  readonly path: string;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** SPDY clients talk to the container runtime's server directly. */
async function passToKubelet(
  { kubelets }: PodStreamOptions,
  { request }: SubresourceRequest,
  { address, path, socket, head }: Passage,
): Promise<void> {
  const upstream = await kubelets.upgrade(address, { method: "POST", path, headers: upgradeHeaders(request) });
  await passThrough(upstream, socket, head);
}
