/**
 * HorizontalPodAutoscalers: size a workload by metrics of its pods or of anything else. Fed by autoscalers, pods and the
 * metrics APIs; feeds the scale subresource of the target. Looks every 15 seconds, and only while autoscalers exist.
 */
import { splitKey } from "../../client/object-cache.ts";
import { horizontalPodAutoscalers, pods } from "../../client/resources.ts";
import type { LabelSelector } from "../../machinery/selectors/label-selector.ts";
import { type Controller, defineController, watch } from "../framework/define-controller.ts";
import type { ScaleMemory } from "./behaviour.ts";
import { Pass } from "./pass.ts";

/** Upstream's horizontal-pod-autoscaler-sync-period. */
const periodMs = 15_000;

/** What is remembered of one autoscaler. */
interface Memory extends ScaleMemory {
  lookedAt: number;
  generation: number | undefined;
  /** Of the pods of its target, when it looked last. */
  selector?: LabelSelector;
}

export function createHorizontalPodAutoscalerController(): Controller {
  const memories = new Map<string, Memory>();

  /** Keys of those that look at the pods of a selector. */
  const sharers = (key: string, selector: LabelSelector, labels: readonly Labels[]): string[] => {
    const memory = memories.get(key);
    if (memory !== undefined) memory.selector = selector;
    const { namespace } = splitKey(key);
    const others = [...memories].filter(([other]) => splitKey(other).namespace === namespace);
    return others.filter(([, { selector: one }]) => labels.some((set) => one?.matches(set))).map(([other]) => other);
  };

  return defineController({
    name: "horizontal-pod-autoscaler",
    component: "horizontal-pod-autoscaler",
    primary: horizontalPodAutoscalers,
    watches: [watch(pods, () => [])],
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      const autoscaler = context.lister(horizontalPodAutoscalers).get(name, namespace);
      if (autoscaler === undefined) return void memories.delete(key);
      const generation = autoscaler.metadata?.generation;
      const memory = memories.get(key) ?? { recommendations: [], events: [], lookedAt: 0, generation };
      memories.set(key, memory);
      // Our own status writes come back as events: they must not make the rhythm faster.
      const early = memory.lookedAt + periodMs - context.clock.now();
      if (early > 0 && memory.generation === generation) return context.enqueue(key, early);
      Object.assign(memory, { lookedAt: context.clock.now(), generation });
      context.enqueue(key, periodMs);
      await new Pass(autoscaler, memory, context, (selector, labels) => sharers(key, selector, labels)).run();
    },
  });
}

type Labels = Readonly<Record<string, string>>;
