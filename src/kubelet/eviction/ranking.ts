/** Which pod goes first when the node runs out of something, in upstream's order: pure. */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { podRequests } from "../resources/pod-resources.ts";
import { isCriticalPod } from "./critical-pod.ts";
import type { StarvedResource } from "./thresholds.ts";

export interface Candidate {
  readonly pod: Pod;
  /** Of what the node is short of; undefined: nobody knows. */
  readonly usage: number | undefined;
}

/**
 * The pods to evict, first to last: those of which nothing is known; those over their request, then those of lower
 * priority, then those furthest over their request. Of processes there are no requests. Critical pods are left out.
 */
export function rankForEviction<C extends Candidate>(resource: StarvedResource, candidates: readonly C[]): C[] {
  const ranked = candidates
    .filter(({ pod }) => !isCriticalPod(pod))
    .map((candidate) => ({
      candidate,
      unknown: candidate.usage === undefined && resource !== "pids",
      over: (candidate.usage ?? 0) - (podRequests(candidate.pod)[resource] ?? 0),
      priority: candidate.pod.spec?.priority ?? 0,
    }));
  const exceeds = ({ over }: (typeof ranked)[number]): number => Number(resource !== "pids" && over > 0);
  ranked.sort(
    (a, b) =>
      Number(b.unknown) - Number(a.unknown) || exceeds(b) - exceeds(a) || a.priority - b.priority || b.over - a.over,
  );
  return ranked.map(({ candidate }) => candidate);
}
