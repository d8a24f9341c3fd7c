import type { Container, PodSpec } from "../../generated/core-v1.ts";

/** Init, regular and ephemeral containers, in this order; of the last, what they have in common with the others. */
export function allContainers(spec: PodSpec | undefined): Container[] {
  const { initContainers = [], containers = [], ephemeralContainers = [] } = spec ?? {};
  return [...initContainers, ...containers, ...(ephemeralContainers as Container[])];
}
