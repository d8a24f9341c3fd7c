/** Which pod goes first when the node runs out of memory, in upstream's order: pure. */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { podRequests } from "../resources/pod-resources.ts";
import { isCriticalPod } from "./critical-pod.ts";

export interface Candidate {
  readonly pod: Pod;
  /** Bytes in use now. */
  readonly memory: number;
}

/**
 * The pods to evict, first to last: those over their request, then those of lower priority, then those furthest over
 * their request. Critical pods are left out.
 */
export function rankForMemory(candidates: readonly Candidate[]): Candidate[] {
  const over = ({ pod, memory }: Candidate): number => memory - (podRequests(pod)["memory"] ?? 0);
  const priority = ({ pod }: Candidate): number => pod.spec?.priority ?? 0;
  return candidates
    .filter(({ pod }) => !isCriticalPod(pod))
    .sort((a, b) => Number(over(b) > 0) - Number(over(a) > 0) || priority(a) - priority(b) || over(b) - over(a));
}
