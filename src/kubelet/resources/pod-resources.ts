/** What a pod asks for and may use, summed over its containers as upstream's component-helpers do. */
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import { parseQuantity } from "../../machinery/quantity.ts";
import { isSidecar } from "../pods/restart-policy.ts";

/** CPU in thousandths of a core, everything else in its own unit (bytes). */
export type ResourceAmounts = Record<string, number>;

export function amountOf(resource: string, text: string): number {
  const quantity = parseQuantity(text);
  return resource === "cpu" ? quantity.milliValue() : quantity.value();
}

function amounts(list: Readonly<Record<string, string>> | undefined): ResourceAmounts {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, text]) => [name, amountOf(name, text)]));
}

function add(into: ResourceAmounts, other: ResourceAmounts): void {
  for (const [name, amount] of Object.entries(other)) into[name] = (into[name] ?? 0) + amount;
}

function max(into: ResourceAmounts, other: ResourceAmounts): void {
  for (const [name, amount] of Object.entries(other)) into[name] = Math.max(into[name] ?? 0, amount);
}

function sumContainers(pod: Pod, of: (container: Container) => ResourceAmounts): ResourceAmounts {
  const total: ResourceAmounts = {};
  for (const container of pod.spec?.containers ?? []) add(total, of(container));
  const sidecars: ResourceAmounts = {};
  const peak: ResourceAmounts = {};
  for (const container of pod.spec?.initContainers ?? []) {
    const own = of(container);
    if (isSidecar(container)) {
      add(total, own);
      add(sidecars, own);
      max(peak, sidecars);
    } else {
      const during = { ...own };
      add(during, sidecars);
      max(peak, during);
    }
  }
  max(total, peak);
  return total;
}

export function podRequests(pod: Pod): ResourceAmounts {
  const total = sumContainers(pod, ({ resources }) => amounts(resources?.requests));
  Object.assign(total, amounts(pod.spec?.resources?.requests));
  add(total, amounts(pod.spec?.overhead));
  return total;
}

export function podLimits(pod: Pod): ResourceAmounts {
  const total = sumContainers(pod, ({ resources }) => amounts(resources?.limits));
  Object.assign(total, amounts(pod.spec?.resources?.limits));
  for (const [name, amount] of Object.entries(amounts(pod.spec?.overhead))) {
    if (total[name] !== undefined) total[name] += amount;
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
