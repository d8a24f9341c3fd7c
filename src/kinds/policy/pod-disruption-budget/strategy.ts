/** Status is the controller's. */
import type { PodDisruptionBudget } from "../../generated/policy-v1.ts";

export function prepareForCreate(budget: PodDisruptionBudget): void {
  budget.status = { currentHealthy: 0, desiredHealthy: 0, disruptionsAllowed: 0, expectedPods: 0 };
}
