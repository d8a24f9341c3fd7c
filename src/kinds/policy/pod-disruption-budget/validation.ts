/** ValidatePodDisruptionBudget and its status. */
import { type FieldError, invalidValue } from "../../../machinery/errors/field-error.ts";
import { validateLabelSelector } from "../../../machinery/validation/label-selector.ts";
import { checkAtMostAll, checkCountOrPercent } from "../../apps/replica-checks.ts";
import { checkNonNegative, checkOptionalOneOf } from "../../field-checks.ts";
import type { PodDisruptionBudget } from "../../generated/policy-v1.ts";

export function validatePodDisruptionBudget({ spec = {} }: PodDisruptionBudget): FieldError[] {
  const errors: FieldError[] = [];
  if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined) {
    errors.push(invalidValue("spec", spec, "minAvailable and maxUnavailable cannot be both set"));
  }
  for (const field of ["minAvailable", "maxUnavailable"] as const) {
    const path = `spec.${field}`;
    errors.push(...checkCountOrPercent(path, spec[field]), ...checkAtMostAll(path, spec[field]));
  }
  const policies = ["AlwaysAllow", "IfHealthyBudget"];
  return [
    ...errors,
    ...validateLabelSelector(spec.selector, "spec.selector"),
    ...checkOptionalOneOf("spec.unhealthyPodEvictionPolicy", spec.unhealthyPodEvictionPolicy, policies),
  ];
}

export function validatePodDisruptionBudgetStatusUpdate({ status }: PodDisruptionBudget): FieldError[] {
  const counts = ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] as const;
  return counts.flatMap((field) => checkNonNegative(`status.${field}`, status?.[field]));
}
