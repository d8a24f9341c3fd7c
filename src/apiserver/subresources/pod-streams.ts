/** Streams between a client and a pod: log, exec, attach and portforward. */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { badRequest } from "../../machinery/errors/status-error.ts";
import { forbiddenError, type RuleAuthorizer } from "../authorization/index.ts";
import type { KubeletAddress, KubeletConnections } from "../streaming/kubelet-connection.ts";
import { passThrough, upgradeHeaders } from "../streaming/pass-through.ts";
import type { SubresourceHandler, SubresourceRequest } from "../types.ts";
import { containerOf, flag, isWebSocketUpgrade } from "./pod-containers.ts";
import { sendLog, sendLogMessages } from "./pod-log.ts";
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
      stream: (request, response) => sendLog(options, request, response),
      upgrade: (request, socket, head) => sendLogMessages(options, request, socket, head),
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
  if (info.subresource === "exec" && !info.query.has("command")) {
    throw badRequest("you must specify at least 1 command");
  }
  const path = `/${info.subresource}/${info.namespace}/${info.name}/${container}?${query}`;
  if (!isWebSocketUpgrade(request)) return passToKubelet(options, request, { address, path, socket, head });
  const { translateRemoteCommand } = await import("../streaming/remote-command.ts");
  const command = {
    kubelets: options.kubelets,
    address,
    path,
    stdin: query.has(streams.stdin),
    stdout: query.has(streams.stdout),
    stderr: query.has(streams.stderr),
    tty: query.has(streams.tty),
  };
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
  const wrong = ports.find((port) => !/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535);
  if (wrong !== undefined) throw badRequest(`strconv.ParseUint: parsing ${JSON.stringify(wrong)}: invalid port`);
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
