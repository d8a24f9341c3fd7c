/** The quality-of-service class of a pod (upstream's ComputePodQOS). */
import { parseQuantity, type Quantity } from "../../../machinery/quantity.ts";
import type { PodSpec } from "../../generated/core-v1.ts";
import type { ResourceList } from "../resource-list.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

type Totals = Map<string, Quantity>;

/**
 * Guaranteed: every container limits CPU and memory, and requests what it limits. BestEffort: none names either.
 * Figures of the pod as a whole go before those of its containers.
 */
export function podQosClass(spec: PodSpec | undefined): QosClass {
  if (spec === undefined) return "BestEffort";
  const requests: Totals = new Map();
  const limits: Totals = new Map();
  let guaranteed = true;
  if (spec.resources !== undefined) {
    addComputeResources(requests, spec.resources.requests);
    const counted = addComputeResources(limits, spec.resources.limits);
    if (Object.keys(spec.resources.limits ?? {}).length > 0) guaranteed = counted === 2;
  } else {
    for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
      addComputeResources(requests, resources?.requests);
      if (addComputeResources(limits, resources?.limits) < 2) guaranteed = false;
    }
  }
  if (requests.size === 0 && limits.size === 0) return "BestEffort";
  const matched = [...requests].every(([name, amount]) => limits.get(name)?.compare(amount) === 0);
  return guaranteed && matched && requests.size === limits.size ? "Guaranteed" : "Burstable";
}

/** How many of cpu and memory the list has above zero. */
function addComputeResources(totals: Totals, list: ResourceList | undefined): number {
  let counted = 0;
  for (const name of ["cpu", "memory"]) {
    const text = list?.[name];
    if (text === undefined) continue;
    const amount = parseQuantity(text);
    if (amount.sign <= 0) continue;
    counted++;
    const there = totals.get(name);
    totals.set(name, there === undefined ? amount : there.add(amount));
  }
  return counted;
}
