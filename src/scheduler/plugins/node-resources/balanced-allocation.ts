import type { Resources } from "../../cache/resources.ts";
import { maximumScore, type Plugin } from "../../framework/types.ts";

/** Prefers nodes on which the pod brings the used shares of CPU and memory closer together. */
export const nodeResourcesBalancedAllocation: Plugin = {
  name: "NodeResourcesBalancedAllocation",
  events: [],
  scorer({ requests }) {
    if (requests.milliCpu === 0 && requests.memory === 0) return undefined;
    return {
      score({ requested, allocatable }) {
        const after = {
          milliCpu: requested.milliCpu + requests.milliCpu,
          memory: requested.memory + requests.memory,
        };
        const change = balance(after, allocatable) - balance(requested, allocatable);
        return Math.floor(maximumScore / 2 + (maximumScore / 2 + change) / 2);
      },
    };
  },
};

type Used = Pick<Resources, "milliCpu" | "memory">;

/** 100 where both shares are equal, 50 where one is used up and the other untouched. */
function balance(used: Used, allocatable: Used): number {
  if (allocatable.milliCpu <= 0 || allocatable.memory <= 0) return maximumScore;
  const cpu = Math.min(1, used.milliCpu / allocatable.milliCpu);
  const memory = Math.min(1, used.memory / allocatable.memory);
  return Math.floor((1 - Math.abs(cpu - memory) / 2) * maximumScore);
}
