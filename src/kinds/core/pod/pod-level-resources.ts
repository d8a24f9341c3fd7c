/** Resources of the pod as a whole, beside its containers': which there are, and their defaults (KEP-2837). */
import type { PodSpec } from "../../generated/core-v1.ts";
import type { ResourceList } from "../resource-list.ts";
import { aggregateContainerResources } from "./container-aggregation.ts";

const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
export const isPodLevelResource = (name: string): boolean => name === "cpu" || name === "memory" || isHugePages(name);

/** Sets what is left out: requests from the limits and from what the containers ask for. Mutates. */
export function applyPodLevelResourceDefaults(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined) return;
  defaultHugePageLimits(spec);
  if (Object.keys(resources.limits ?? {}).length === 0) return;
  const requests: ResourceList = { ...resources.requests };
  for (const [name, amount] of Object.entries(aggregateContainerResources(spec, "requests"))) {
    if (isPodLevelResource(name) && !isHugePages(name)) requests[name] ??= amount;
  }
  for (const [name, amount] of Object.entries(resources.limits ?? {})) {
    if (isPodLevelResource(name)) requests[name] ??= amount;
  }
  if (Object.keys(requests).length > 0) resources.requests = requests;
}

function defaultHugePageLimits(spec: PodSpec): void {
  const { resources } = spec;
  if (resources === undefined || Object.keys({ ...resources.limits, ...resources.requests }).length === 0) return;
  for (const [name, amount] of Object.entries(aggregateContainerResources(spec, "limits"))) {
    if (!isHugePages(name) || resources.requests?.[name] !== undefined) continue;
    resources.limits = { [name]: amount, ...resources.limits };
  }
}
