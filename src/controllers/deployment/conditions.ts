import type { DeploymentCondition } from "../../kinds/generated/apps-v1.ts";

type Conditions = readonly DeploymentCondition[];

export const conditionOf = (conditions: Conditions | undefined, type: string): DeploymentCondition | undefined =>
  conditions?.find((condition) => condition.type === type);

export function newCondition(
  type: string,
  status: "True" | "False" | "Unknown",
  { reason, message, now }: { reason: string; message: string; now: string },
): DeploymentCondition {
  return { type, status, lastUpdateTime: now, lastTransitionTime: now, reason, message };
}

/** Replaces the condition of the same type; one with the same status and reason stays as it is. */
export function withCondition(conditions: Conditions, condition: DeploymentCondition): DeploymentCondition[] {
  const current = conditionOf(conditions, condition.type);
  if (current?.status === condition.status && current.reason === condition.reason) return [...conditions];
  const lastTransitionTime =
    current?.status === condition.status ? current.lastTransitionTime : condition.lastTransitionTime;
  return [...withoutCondition(conditions, condition.type), { ...condition, lastTransitionTime }];
}

export const withoutCondition = (conditions: Conditions, type: string): DeploymentCondition[] =>
  conditions.filter((condition) => condition.type !== type);
