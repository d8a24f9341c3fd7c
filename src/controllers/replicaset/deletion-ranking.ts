import { isPodActive, isPodReady, podCondition } from "../../kinds/core/pod/pod-state.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";

const phaseRank: Readonly<Record<string, number>> = { Pending: 0, Unknown: 1, Running: 2 };
const deletionCost = (pod: Pod): number =>
  Number(pod.metadata?.annotations?.["controller.kubernetes.io/pod-deletion-cost"] ?? 0) || 0;

function restarts(pod: Pod): number {
  return Math.max(0, ...(pod.status?.containerStatuses ?? []).map((status) => status.restartCount));
}

/** Upstream's LogarithmicScaleDown: ages of the same order of magnitude count as equal, and the uid decides. */
function ageRank(timestamp: string | undefined, now: number): number {
  const age = now - Date.parse(timestamp ?? "");
  return age > 0 ? Math.floor(Math.log2(age * 1e6)) : 0;
}

/**
 * The pods to delete first when a set of `active` ones is to shrink by `count`, in upstream's order: unassigned,
 * pending, not ready, cheap by annotation, on nodes with many of the `related` pods, ready for a short time, restarted
 * often, young.
 */
export function podsToDelete(active: readonly Pod[], related: readonly Pod[], count: number, now: number): Pod[] {
  if (count >= active.length) return [...active];
  const perNode = new Map<string, number>();
  for (const pod of related) {
    const node = pod.spec?.nodeName ?? "";
    if (isPodActive(pod)) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  }
  const rank = (pod: Pod): number => perNode.get(pod.spec?.nodeName ?? "") ?? 0;
  return [...active].sort((a, b) => compare(a, b, rank, now)).slice(0, count);
}

function compare(a: Pod, b: Pod, rank: (pod: Pod) => number, now: number): number {
  const ready = isPodReady(a) && isPodReady(b);
  const readySince = (pod: Pod): string | undefined => podCondition(pod, "Ready")?.lastTransitionTime;
  return (
    Number(Boolean(a.spec?.nodeName)) - Number(Boolean(b.spec?.nodeName)) ||
    (valueAt(phaseRank, a.status?.phase ?? "") ?? 0) - (valueAt(phaseRank, b.status?.phase ?? "") ?? 0) ||
    Number(isPodReady(a)) - Number(isPodReady(b)) ||
    deletionCost(a) - deletionCost(b) ||
    rank(b) - rank(a) ||
    (ready ? byAge(a, b, readySince, now) : 0) ||
    restarts(b) - restarts(a) ||
    byAge(a, b, (pod) => pod.metadata?.creationTimestamp, now)
  );
}

function byAge(a: Pod, b: Pod, timestampOf: (pod: Pod) => string | undefined, now: number): number {
  if (timestampOf(a) === timestampOf(b)) return 0;
  const difference = ageRank(timestampOf(a), now) - ageRank(timestampOf(b), now);
  return difference || ((a.metadata?.uid ?? "") < (b.metadata?.uid ?? "") ? -1 : 1);
}
