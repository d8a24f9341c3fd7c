import type { Container, ContainerStatus, Pod, PodSpec } from "../../generated/core-v1.ts";
import { maximumResources, type ResourceList } from "../resource-list.ts";
import {
  aggregateContainerResources,
  aggregateContainers,
  isSidecar,
  listArithmetic,
} from "./container-aggregation.ts";
import { isPodLevelResource } from "./pod-level-resources.ts";

/** What the pod as a whole asks for, without overhead: its own figures, else those of its containers together. */
export function podTotal(spec: PodSpec, kind: "requests" | "limits"): ResourceList {
  return withPodLevel(aggregateContainerResources(spec, kind), spec, kind);
}

/**
 * What the pod as a whole takes, without overhead, while its containers are being resized too: of each the most of what
 * is asked for, allocated and enforced (component-helpers' PodRequests and PodLimits with UseStatusResources).
 */
export function effectiveTotal({ spec = { containers: [] }, status }: Pod, kind: "requests" | "limits"): ResourceList {
  const statuses = new Map<string, ContainerStatus>();
  for (const one of [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])]) {
    statuses.set(one.name, one);
  }
  const resize = status?.conditions?.find(({ type }) => type === "PodResizePending");
  const amountOf = (container: Container): ResourceList => {
    const asked = container.resources?.[kind] ?? {};
    const found = statuses.get(container.name);
    const runsOnce = spec.initContainers?.includes(container) === true && !isSidecar(container);
    if (runsOnce || found?.resources === undefined) return asked;
    const taken = maximumResources(
      found.resources[kind] ?? {},
      kind === "requests" ? found.allocatedResources : undefined,
    );
    return resize?.reason === "Infeasible" ? taken : maximumResources(taken, asked);
  };
  return withPodLevel(aggregateContainers(spec, amountOf, listArithmetic), spec, kind);
}

function withPodLevel(total: ResourceList, spec: PodSpec, kind: "requests" | "limits"): ResourceList {
  const result = { ...total };
  for (const [name, quantity] of Object.entries(spec.resources?.[kind] ?? {})) {
    if (isPodLevelResource(name)) result[name] = quantity;
  }
  return result;
}
