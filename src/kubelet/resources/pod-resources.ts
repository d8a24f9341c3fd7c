/** What a pod asks for and may use, summed over its containers as upstream's component-helpers do. */

import { type AmountArithmetic, aggregateContainers } from "../../kinds/core/pod/container-aggregation.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { setAt, valueAt } from "../../machinery/meta/accessors.ts";
import { parseQuantity } from "../../machinery/quantity.ts";

/** CPU in thousandths of a core, everything else in its own unit (bytes). */
export type ResourceAmounts = Record<string, number>;

export function amountOf(resource: string, text: string): number {
  const quantity = parseQuantity(text);
  return resource === "cpu" ? quantity.milliValue() : quantity.value();
}

function amounts(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, text]) => [name, amountOf(name, text)]));
}

function add(into: ResourceAmounts, other: ResourceAmounts): ResourceAmounts {
  for (const [name, amount] of Object.entries(other)) setAt(into, name, (valueAt(into, name) ?? 0) + amount);
  return into;
}

function maximum(into: ResourceAmounts, other: ResourceAmounts): ResourceAmounts {
  for (const [name, amount] of Object.entries(other)) setAt(into, name, Math.max(valueAt(into, name) ?? 0, amount));
  return into;
}

const arithmetic: AmountArithmetic<ResourceAmounts> = { zero: () => ({}), add, maximum };

/** With overhead; figures of the pod as a whole go before those of its containers. */
export function podRequests(pod: Pod): ResourceAmounts {
  const total = aggregateContainers(pod.spec ?? {}, ({ resources }) => amounts(resources?.requests), arithmetic);
  Object.assign(total, amounts(pod.spec?.resources?.requests));
  add(total, amounts(pod.spec?.overhead));
  return total;
}

/** As podRequests; overhead is added to what is limited. */
export function podLimits(pod: Pod): ResourceAmounts {
  const total = aggregateContainers(pod.spec ?? {}, ({ resources }) => amounts(resources?.limits), arithmetic);
  Object.assign(total, amounts(pod.spec?.resources?.limits));
  for (const [name, amount] of Object.entries(amounts(pod.spec?.overhead))) {
    const limit = valueAt(total, name);
    if (limit !== undefined) setAt(total, name, limit + amount);
  }
  return total;
}

/** Whether every container, or the pod as a whole, limits that resource. */
export function limitDeclared(pod: Pod, resource: string): boolean {
  if (pod.spec?.resources?.limits?.[resource] !== undefined) return true;
  return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].every(
    ({ resources }) => amountOf(resource, resources?.limits?.[resource] ?? "0") > 0,
  );
}
