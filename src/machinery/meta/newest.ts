import type { KubernetesObject } from "./object.ts";

/** Of the objects that `wanted` picks, the one created last; by name where times are equal. */
export function newest<T extends KubernetesObject>(
  objects: readonly T[],
  wanted: (object: T) => boolean,
): T | undefined {
  const time = (object: T): string => object.metadata?.creationTimestamp ?? "";
  const name = (object: T): string => object.metadata?.name ?? "";
  return objects.filter(wanted).sort((a, b) => time(b).localeCompare(time(a)) || name(a).localeCompare(name(b)))[0];
}
