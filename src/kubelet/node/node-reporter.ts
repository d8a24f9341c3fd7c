/**
 * Registers the node and keeps its status: written when it changes, else every five minutes; the lease shows in
 * between that the node lives. When the node is given its pod network, configures the network plugins.
 */
import { isDeepStrictEqual } from "node:util";
import { nodes } from "../../client/resources.ts";
import type { Client, EventRecorder, Informers } from "../../client/types.ts";
import { isNodeReady } from "../../kinds/core/node/node-state.ts";
import type { Node, NodeStatus } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import { isNotFound, StatusError } from "../../machinery/errors/status-error.ts";
import { type CniConfigInput, writeCniConfig } from "../cni-config.ts";
import type { ImageService } from "../cri/image-service.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { keepLease } from "./lease.ts";
import { goArchitecture, type Machine } from "./machine.ts";
import { computeNodeStatus, type NodeStatusInput } from "./node-status.ts";

export interface NodeReporterInput {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  readonly machine: Machine;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly controlPlane: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly maximumPods: number;
  readonly port: number;
  readonly runtimeVersion: string;
  readonly reserved: NodeStatusInput["reserved"];
  readonly cni: Omit<CniConfigInput, "podCidr">;
  readonly signal: AbortSignal;
  /** Pods that waited for the network can go on. */
  networkBecameReady(): void;
  pressure(): NodeStatusInput["pressure"];
  /** Why the kubelet itself cannot run pods. */
  fault(): string | undefined;
}

export interface NodeReporter {
  /** Whether pods that are not on the node's own network can start. */
  networkReady(): Promise<boolean>;
  node(): Node | undefined;
}

const checkMs = 10_000;
const reportMs = 300_000;
const eagerMs = 100;

/** Resolves when the node is registered. */
export async function startNodeReporter(input: NodeReporterInput): Promise<NodeReporter> {
  const { client, informers, clock, log, runtime, nodeName, signal } = input;
  const resource = client.of(nodes);
  let node = await register(input);
  let written: NodeStatus | undefined;
  let writtenAt = 0;
  let network = false;
  let wake = (): void => undefined;

  const readFaults = async (): Promise<string[]> => {
    try {
      const { conditions = [] } = (await runtime.status()).status ?? {};
      const failed = conditions.filter(({ status }) => status !== true);
      const before = network;
      network = !failed.some(({ type }) => type === "NetworkReady");
      if (network && !before) input.networkBecameReady();
      const found = failed.map(({ type, reason, message }) => {
        const what = type === "NetworkReady" ? "container runtime network not ready" : "container runtime not ready";
        return `${what}: ${type}=false reason:${reason} message:${message}`;
      });
      const own = input.fault();
      return own === undefined ? found : [...found, own];
    } catch (error) {
      network = false;
      return [`container runtime is down: ${errorChain(error)}`];
    }
  };

  const check = async (): Promise<boolean> => {
    const [faults, images] = await Promise.all([readFaults(), input.images.listImages().catch(() => [])]);
    const status = computeNodeStatus({
      ...input,
      faults,
      images,
      pressure: input.pressure(),
      capacity: node.status?.capacity ?? {},
      previous: written?.conditions ?? node.status?.conditions ?? [],
      now: clock.now(),
    });
    if (written !== undefined && clock.now() - writtenAt < reportMs && isSame(written, status))
      return faults.length === 0;
    const wasReady = isNodeReady({ status: written });
    const allocatable = { ...goneFrom(node.status?.allocatable, status.allocatable), ...status.allocatable };
    const patch = { status: { ...status, allocatable } };
    node = await resource.patch(nodeName, patch, { type: "strategic", subresource: "status" });
    written = status;
    writtenAt = clock.now();
    if (isNodeReady({ status }) && !wasReady) {
      input.recorder.event(node, "Normal", "NodeReady", `Node ${nodeName} status is now: NodeReady`);
      log.info("node is ready", { node: nodeName });
    }
    return faults.length === 0;
  };

  const loop = async (): Promise<void> => {
    while (!signal.aborted) {
      let ready = false;
      try {
        ready = await check();
      } catch (error) {
        log.warn("cannot report the node's status", { error: errorChain(error) });
        if (isNotFound(error)) node = await register(input);
      }
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      // While the network configuration is being taken up, look again soon.
      const eager = !ready && node.spec?.podCIDR !== undefined && clock.now() - configuredAt < checkMs;
      await Promise.race([woken, clock.sleep(eager ? eagerMs : checkMs, signal).catch(() => undefined)]);
    }
  };

  let configuredAt = Number.NEGATIVE_INFINITY;
  let configuredCidr: string | undefined;
  const configure = async (updated: Node): Promise<void> => {
    if (!isDeepStrictEqual(updated.status?.capacity, node.status?.capacity)) wake();
    node = updated;
    const podCidr = updated.spec?.podCIDR;
    if (!podCidr || podCidr === configuredCidr) return;
    configuredCidr = podCidr;
    await writeCniConfig({ ...input.cni, podCidr });
    await runtime.updateRuntimeConfig(podCidr).catch((error) => log.debug("runtime takes no pod network", { error }));
    configuredAt = clock.now();
    wake();
  };
  const informer = informers.of(nodes, { fieldSelector: `metadata.name=${nodeName}` });
  const onNode = (updated: Node): void => {
    configure(updated).catch((error) =>
      log.error("cannot configure the network plugins", { error: errorChain(error) }),
    );
  };
  informer.subscribe({ added: onNode, updated: onNode });
  void keepLease({ client, clock, log, node, signal });
  void loop();
  return {
    node: () => node,
    async networkReady() {
      if (!network) await readFaults();
      return network;
    },
  };
}

/** For a patch: null for each resource that is not there any more. */
function goneFrom(old: NodeStatus["allocatable"] = {}, now: NodeStatus["allocatable"] = {}): Record<string, null> {
  const gone = Object.keys(old).filter((name) => !Object.hasOwn(now, name));
  return Object.fromEntries(gone.map((name) => [name, null]));
}

/** Equal but for heartbeat times. */
function isSame(a: NodeStatus, b: NodeStatus): boolean {
  const strip = (status: NodeStatus): NodeStatus => ({
    ...status,
    conditions: (status.conditions ?? []).map((condition) => ({ ...condition, lastHeartbeatTime: "" })),
  });
  return isDeepStrictEqual(strip(a), strip(b));
}

const roleLabel = "node-role.kubernetes.io/control-plane";

async function register(input: NodeReporterInput): Promise<Node> {
  const { client, clock, log, nodeName, signal } = input;
  const resource = client.of(nodes);
  let labels = nodeLabels(input);
  for (let pause = 50; ; pause = Math.min(pause * 2, 5000)) {
    try {
      const fresh: Node = {
        apiVersion: "v1",
        kind: "Node",
        metadata: {
          name: nodeName,
          labels,
          annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
        },
        spec: {},
      };
      try {
        return await resource.create(fresh);
      } catch (error) {
        if (!(error instanceof StatusError) || error.code !== 409) throw error;
        return await resource.patch(nodeName, { metadata: { labels } }, { type: "strategic" });
      }
    } catch (error) {
      if (error instanceof StatusError && error.code === 403 && roleLabel in labels) {
        // Roles are not for a node to give itself where NodeRestriction is enforced: an administrator does it.
        labels = Object.fromEntries(Object.entries(labels).filter(([key]) => key !== roleLabel));
        continue;
      }
      log.debug("cannot register the node yet", { error: errorChain(error) });
      await clock.sleep(pause, signal);
    }
  }
}

function nodeLabels({ nodeName, labels, controlPlane }: NodeReporterInput): Record<string, string> {
  const architecture = goArchitecture();
  return {
    "beta.kubernetes.io/arch": architecture,
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": architecture,
    "kubernetes.io/hostname": nodeName,
    "kubernetes.io/os": "linux",
    ...(controlPlane ? { [roleLabel]: "" } : {}),
    ...labels,
  };
}
