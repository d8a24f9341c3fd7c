/** status of the Node object, from the machine, the runtime and the pressure on both: pure. */
import { isExtendedResource } from "../../kinds/core/pod/validation/resources.ts";
import type { ContainerImage, NodeCondition, NodeStatus } from "../../kinds/generated/core-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import type { Image } from "../cri/generated/messages.ts";
import type { Machine } from "./machine.ts";

export interface NodeStatusInput {
  readonly machine: Machine;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly maximumPods: number;
  readonly port: number;
  readonly runtimeVersion: string;
  /** Why the runtime or its network cannot run pods; empty: they can. */
  readonly faults: readonly string[];
  readonly pressure: { readonly memory: boolean; readonly disk: boolean; readonly processes: boolean };
  /** Bytes that are not for pods. */
  readonly reserved: { readonly memory: number; readonly disk: number };
  readonly images: readonly Image[];
  /** What the node's capacity says now: someone may have advertised extended resources there. */
  readonly capacity: Readonly<Record<string, string>>;
  /** The conditions reported before, for their times. */
  readonly previous: readonly NodeCondition[];
  readonly now: number;
}

const maximumImages = 50;

/** The whole status; conditions that stay as they were keep their times of transition. */
export function computeNodeStatus(input: NodeStatusInput): NodeStatus {
  const { machine, reserved } = input;
  const quantities = (memory: number, disk: string): Record<string, string> => ({
    cpu: machine.cpu % 1000 === 0 ? String(machine.cpu / 1000) : `${machine.cpu}m`,
    memory: `${Math.floor(memory / 1024)}Ki`,
    "ephemeral-storage": disk,
    pods: String(input.maximumPods),
    ...Object.fromEntries(Object.entries(machine.hugePages).map(([name, bytes]) => [name, String(bytes)])),
    ...Object.fromEntries(Object.entries(input.capacity).filter(([name]) => isExtendedResource(name))),
  });
  return {
    addresses: [
      { type: "InternalIP", address: input.nodeAddress },
      { type: "Hostname", address: input.nodeName },
    ],
    capacity: quantities(machine.memory, inKibibytes(machine.disk)),
    allocatable: quantities(
      machine.memory - reserved.memory,
      reserved.disk === 0 ? inKibibytes(machine.disk) : String(machine.disk - reserved.disk),
    ),
    conditions: conditions(input),
    daemonEndpoints: { kubeletEndpoint: { Port: input.port } },
    nodeInfo: { ...machine.info, containerRuntimeVersion: input.runtimeVersion },
    images: describeImages(input.images),
  };
}

const inKibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

function conditions({ pressure, faults, previous, now }: NodeStatusInput): NodeCondition[] {
  const time = formatTime(now);
  const before = new Map(previous.map((condition) => [condition.type, condition]));
  const condition = (type: string, status: boolean, reason: string, message: string): NodeCondition => {
    const old = before.get(type);
    const text = status ? "True" : "False";
    const lastTransitionTime = old?.status === text ? (old.lastTransitionTime ?? time) : time;
    return { type, status: text, lastHeartbeatTime: time, lastTransitionTime, reason, message };
  };
  const pressured = (type: string, what: string, under: boolean, lack: string, enough: string): NodeCondition =>
    condition(
      type,
      under,
      under ? `KubeletHas${lack}` : `KubeletHas${enough}`,
      under ? `kubelet has ${what.replace("sufficient", "insufficient")} available` : `kubelet has ${what} available`,
    );
  return [
    pressured("MemoryPressure", "sufficient memory", pressure.memory, "InsufficientMemory", "SufficientMemory"),
    condition(
      "DiskPressure",
      pressure.disk,
      pressure.disk ? "KubeletHasDiskPressure" : "KubeletHasNoDiskPressure",
      pressure.disk ? "kubelet has disk pressure" : "kubelet has no disk pressure",
    ),
    pressured("PIDPressure", "sufficient PID", pressure.processes, "InsufficientPID", "SufficientPID"),
    faults.length === 0
      ? condition("Ready", true, "KubeletReady", "kubelet is posting ready status")
      : condition(
          "Ready",
          false,
          "KubeletNotReady",
          faults.length === 1 ? (faults[0] as string) : `[${faults.join(", ")}]`,
        ),
  ];
}

function describeImages(images: readonly Image[]): ContainerImage[] {
  return [...images]
    .sort((a, b) => (b.size ?? 0) - (a.size ?? 0))
    .slice(0, maximumImages)
    .map(({ repoDigests = [], repoTags = [], size = 0 }) => ({
      names: [...repoDigests, ...repoTags],
      sizeBytes: size,
    }));
}
