/**
 * What a pod's containers ask for in sum, and the defaults of pod-level resources that follow from it (KEP-2837). Init
 * containers run one after the other, sidecars (restartPolicy Always) beside all that follows them.
 */
import type { Container, PodSpec } from "../../generated/core-v1.ts";
import { addResources, maximumResources, type ResourceList } from "../resource-list.ts";

/** The effective amount of the containers: the sum of all that run together, or the largest step of initialisation. */
export function aggregateContainerResources(spec: PodSpec, which: "limits" | "requests"): ResourceList {
  let total: ResourceList = {};
  for (const container of spec.containers ?? []) total = addResources(total, container.resources?.[which]);
  let sidecars: ResourceList = {};
  let largestStep: ResourceList = {};
  for (const container of spec.initContainers ?? []) {
    const own = container.resources?.[which];
    if (isSidecar(container)) {
      total = addResources(total, own);
      sidecars = addResources(sidecars, own);
      largestStep = maximumResources(largestStep, sidecars);
    } else {
      largestStep = maximumResources(largestStep, addResources(sidecars, own));
    }
  }
  return maximumResources(total, largestStep);
}

export const isSidecar = ({ restartPolicy }: Container): boolean => restartPolicy === "Always";

const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
export const isPodLevelResource = (name: string): boolean => name === "cpu" || name === "memory" || isHugePages(name);

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
