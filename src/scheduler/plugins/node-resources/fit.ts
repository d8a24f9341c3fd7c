import type { NodeInfo } from "../../cache/node-info.ts";
import type { PodInfo } from "../../cache/pod-info.ts";
import { maximumScore, type Plugin, type Rejection } from "../../framework/types.ts";

/** CPU, memory, ephemeral storage, extended resources and the number of pods; the emptier the node the better. */
export const nodeResourcesFit: Plugin = {
  name: "NodeResourcesFit",
  events: ["node-added", "node-allocatable", "assigned-pod-deleted", "assigned-pod-updated", "pod-updated"],
  filter: (pod) => (node) => insufficient(pod, node),
  scorer: ({ scoringRequests }) => ({
    score({ scoringRequested, allocatable }) {
      const cpu = free(scoringRequested.milliCpu + scoringRequests.milliCpu, allocatable.milliCpu);
      const memory = free(scoringRequested.memory + scoringRequests.memory, allocatable.memory);
      const parts = Number(allocatable.milliCpu > 0) + Number(allocatable.memory > 0);
      return parts === 0 ? 0 : Math.floor((cpu + memory) / parts);
    },
  }),
};

const free = (requested: number, capacity: number): number =>
  capacity <= 0 || requested > capacity ? 0 : Math.floor(((capacity - requested) * maximumScore) / capacity);

function insufficient({ requests }: PodInfo, node: NodeInfo): Rejection | undefined {
  const reasons: string[] = [];
  let unresolvable = false;
  const check = (name: string, wanted: number, used: number, capacity: number): void => {
    if (wanted <= 0 || wanted <= capacity - used) return;
    reasons.push(`Insufficient ${name}`);
    unresolvable ||= wanted > capacity;
  };
  const { requested, allocatable } = node;
  if (node.pods.size + 1 > node.maximumPods) reasons.push("Too many pods");
  check("cpu", requests.milliCpu, requested.milliCpu, allocatable.milliCpu);
  check("memory", requests.memory, requested.memory, allocatable.memory);
  check("ephemeral-storage", requests.ephemeralStorage, requested.ephemeralStorage, allocatable.ephemeralStorage);
  if (requests.scalars !== undefined) {
    for (const [name, wanted] of requests.scalars) {
      check(name, wanted, requested.scalars?.get(name) ?? 0, allocatable.scalars?.get(name) ?? 0);
    }
  }
  return reasons.length === 0 ? undefined : { reasons, unresolvable };
}
