/**
 * Which pressure the node is under, and which pods it takes in meanwhile. Fed by the evictions' observations; feeds the
 * node's conditions, from which its taints follow, and the admission of pods. A condition lasts for a while after what
 * caused it, so that it does not come and go with every pod that is evicted.
 */
import { podQosClass } from "../../kinds/core/pod/quality-of-service.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { isTolerated } from "../../machinery/scheduling/tolerations.ts";
import type { Verdict } from "../pods/pod-worker.ts";
import { isCriticalPod } from "./critical-pod.ts";
import type { PressureCondition } from "./thresholds.ts";

export interface Pressure {
  /** What the node lacks now. */
  observe(conditions: Iterable<PressureCondition>): void;
  has(condition: PressureCondition): boolean;
  /** Why the pod is not taken in; undefined: it is. */
  refuse(pod: Pod): Verdict | undefined;
}

const memoryPressureTaint = { key: "node.kubernetes.io/memory-pressure", effect: "NoSchedule" };

/** `transitionMs`: how long a condition lasts after it was last observed. */
export function createPressure(clock: Clock, transitionMs: number): Pressure {
  const observedAt = new Map<PressureCondition, number>();
  let current = new Set<PressureCondition>();
  return {
    observe(conditions) {
      const now = clock.now();
      for (const condition of conditions) observedAt.set(condition, now);
      current = new Set([...observedAt].filter(([, at]) => now - at < transitionMs).map(([condition]) => condition));
    },
    has: (condition) => current.has(condition),
    refuse(pod) {
      if (current.size === 0 || isCriticalPod(pod)) return undefined;
      if (current.size === 1 && current.has("MemoryPressure")) {
        if (podQosClass(pod.spec) !== "BestEffort") return undefined;
        if (isTolerated(memoryPressureTaint, pod.spec?.tolerations)) return undefined;
      }
      return { reason: "Evicted", message: `The node had condition: [${[...current].join(" ")}]. ` };
    },
  };
}
