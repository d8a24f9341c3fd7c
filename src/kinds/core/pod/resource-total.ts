import type { PodSpec } from "../../generated/core-v1.ts";
import type { ResourceList } from "../resource-list.ts";
import { aggregateContainerResources } from "./container-aggregation.ts";
import { isPodLevelResource } from "./pod-level-resources.ts";

/** What the pod as a whole asks for, without overhead: its own figures, else those of its containers together. */
export function podTotal(spec: PodSpec, kind: "requests" | "limits"): ResourceList {
  const total = aggregateContainerResources(spec, kind);
  for (const [name, quantity] of Object.entries(spec.resources?.[kind] ?? {})) {
    if (isPodLevelResource(name)) total[name] = quantity;
  }
  return total;
}
