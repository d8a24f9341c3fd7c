/** SetDefaults_PriorityClass. */
import type { PriorityClass } from "../../generated/scheduling-v1.ts";

export function applyPriorityClassDefaults(priorityClass: PriorityClass): void {
  priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
}
