import type { Pod } from "../../kinds/generated/core-v1.ts";

export const indexKey = "batch.kubernetes.io/job-completion-index";
export const indexFailuresAnnotation = "batch.kubernetes.io/job-index-failure-count";

/** The completion index of a pod of an Indexed Job; undefined where it has none. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[indexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** `0,2-4` to a set; indexes of `completions` and above are dropped. */
export function parseIndexes(text: string | undefined, completions: number): Set<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? "").split(",")) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) continue;
    const last = Math.min(Number(match[2] ?? match[1]), completions - 1);
    for (let index = Number(match[1]); index <= last; index++) indexes.add(index);
  }
  return indexes;
}

/** The inverse; two in a row are written `1,2`, three or more `1-3`. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let start = 0; start < sorted.length; ) {
    let end = start;
    while (sorted[end + 1] === (sorted[end] as number) + 1) end++;
    const [first, last] = [sorted[start] as number, sorted[end] as number];
    if (first === last) parts.push(String(first));
    else parts.push(last - first === 1 ? `${first},${last}` : `${first}-${last}`);
    start = end + 1;
  }
  return parts.join(",");
}
