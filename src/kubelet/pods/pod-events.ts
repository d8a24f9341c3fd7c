import type { Pod } from "../../kinds/generated/core-v1.ts";

/** Records an Event about a pod, or about one of its containers, which the Event then names by its field path. */
export type RecordPodEvent = (
  pod: Pod,
  type: "Normal" | "Warning",
  reason: string,
  message: string,
  container?: { readonly name: string },
) => void;

/** Where a pod has a container: `spec.containers{name}`; undefined where it has none of that name. */
export function containerFieldPath({ spec }: Pod, name: string): string | undefined {
  for (const list of ["containers", "initContainers", "ephemeralContainers"] as const) {
    if (spec?.[list]?.some((container) => container.name === name)) return `spec.${list}{${name}}`;
  }
  return undefined;
}
