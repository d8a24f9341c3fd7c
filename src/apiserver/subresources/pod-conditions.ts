import type { PodCondition, PodStatus } from "../../kinds/generated/core-v1.ts";

/** The status with a condition put in or replaced; the transition time moves only when the condition's status does. */
export function withCondition(status: PodStatus, condition: PodCondition, now: string): PodStatus {
  const conditions = status.conditions ?? [];
  const index = conditions.findIndex(({ type }) => type === condition.type);
  const old = conditions[index];
  const lastTransitionTime =
    old !== undefined && old.status === condition.status && old.lastTransitionTime ? old.lastTransitionTime : now;
  const next = { ...condition, lastTransitionTime };
  if (index < 0) return { ...status, conditions: [...conditions, next] };
  return { ...status, conditions: conditions.with(index, next) };
}
