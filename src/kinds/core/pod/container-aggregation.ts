/**
 * How amounts of a pod's containers add up (component-helpers' AggregateContainerRequests): init containers run one
 * after the other, sidecars (restartPolicy Always) beside all that follows them.
 */
import type { Container, PodSpec } from "../../generated/core-v1.ts";
import { addResources, maximumResources, type ResourceList } from "../resource-list.ts";

export const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === "Always";

/** Arithmetic on amounts; `add` and `maximum` may change their first argument and answer it. */
export interface AmountArithmetic<T> {
  zero(): T;
  add(one: T, other: T): T;
  maximum(one: T, other: T): T;
}

/** The sum of all that run together, or the largest step of initialisation where that is more. */
export function aggregateContainers<T>(
  { containers = [], initContainers = [] }: Partial<Pick<PodSpec, "containers" | "initContainers">>,
  amountOf: (container: Container) => T,
  { zero, add, maximum }: AmountArithmetic<T>,
): T {
  let total = zero();
  for (const container of containers) total = add(total, amountOf(container));
  let sidecars = zero();
  let largestStep = zero();
  for (const container of initContainers) {
    const own = amountOf(container);
    if (isSidecar(container)) {
      total = add(total, own);
      sidecars = add(sidecars, own);
      largestStep = maximum(largestStep, sidecars);
    } else {
      largestStep = maximum(largestStep, add(own, sidecars));
    }
  }
  return maximum(total, largestStep);
}

export const listArithmetic: AmountArithmetic<ResourceList> = {
  zero: () => ({}),
  add: addResources,
  maximum: maximumResources,
};

/** What the containers request, or are limited to, as a whole. */
export function aggregateContainerResources(spec: PodSpec, which: "limits" | "requests"): ResourceList {
  return aggregateContainers(spec, ({ resources }) => resources?.[which] ?? {}, listArithmetic);
}
