/** Why a pod is evicted from a node that is short of something, in upstream's words: pure. */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { parseQuantity, Quantity } from "../../machinery/quantity.ts";
import type { PodUsage } from "./pod-usage.ts";
import { formatOf, type Observation, resourceOf, type Threshold, thresholdQuantity } from "./thresholds.ts";

export interface EvictionReason {
  readonly threshold: Threshold;
  readonly observed: Observation;
  readonly usage: PodUsage | undefined;
}

/** Ends with a space, as upstream's. */
export function evictionMessage(pod: Pod, { threshold, observed, usage }: EvictionReason): string {
  const resource = resourceOf(threshold);
  const available = Quantity.of(observed.available, formatOf(resource));
  const least = thresholdQuantity(threshold, observed.capacity);
  const parts = [
    `The node was low on resource: ${resource}. `,
    `Threshold quantity: ${least}, available: ${available}. `,
  ];
  if (usage === undefined || (resource !== "memory" && resource !== "ephemeral-storage")) return parts.join("");
  const ofPod = resource === "memory" ? pod.spec?.resources?.requests?.[resource] : undefined;
  if (ofPod !== undefined) {
    const used = Quantity.of(usage.total, "BinarySI");
    parts.push(
      `Pod ${pod.metadata?.name ?? ""} was using ${used}, request is ${ofPod}, has larger consumption of ${resource}. `,
    );
  }
  const containers = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  for (const [name, amount] of usage.containers) {
    const container = containers.find((one) => one.name === name);
    const request = parseQuantity(container?.resources?.requests?.[resource] ?? "0");
    const used = Quantity.of(amount, "BinarySI");
    if (container === undefined || used.compare(request) <= 0) continue;
    parts.push(`Container ${name} was using ${used}, request is ${request}, has larger consumption of ${resource}. `);
  }
  return parts.join("");
}
