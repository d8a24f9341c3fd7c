/** ValidateHorizontalPodAutoscaler: bounds, target, scaling behaviour. Metrics have a file of their own. */
import { type FieldError, forbiddenField, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { parseQuantity } from "../../../machinery/quantity.ts";
import {
  checkEach,
  checkNonNegative,
  checkOptionalOneOf,
  checkPositive,
  isNegativeMessage,
} from "../../field-checks.ts";
import type { HorizontalPodAutoscaler, HPAScalingRules } from "../../generated/autoscaling-v2.ts";
import { validateMetric, validateObjectReference } from "./metric-validation.ts";

const longestWindow = 3600;
const longestPeriod = 1800;

export function validateHorizontalPodAutoscaler({ metadata, spec }: HorizontalPodAutoscaler): FieldError[] {
  if (spec === undefined) return [required("spec.maxReplicas", "must be set and greater than 0")];
  const { minReplicas, maxReplicas } = spec;
  const errors: FieldError[] = [];
  // Scaling to zero is behind a gate that 1.36 leaves off.
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(invalidValue("spec.minReplicas", minReplicas, "must be greater than or equal to 1"));
  }
  const path = "spec.maxReplicas";
  if (!maxReplicas) errors.push(required(path, "must be set and greater than 0"));
  else if (maxReplicas < 0) errors.push(invalidValue(path, maxReplicas, "must be greater than or equal to 1"));
  if (minReplicas !== undefined && (maxReplicas ?? 0) < minReplicas) {
    errors.push(invalidValue(path, maxReplicas ?? 0, "must be greater than or equal to `minReplicas`"));
  }
  const measured = spec.metrics?.some(({ type }) => type === "Object" || type === "External");
  const metrics = "spec.metrics";
  errors.push(
    ...validateObjectReference(spec.scaleTargetRef, "spec.scaleTargetRef"),
    ...validateTargetGroup(metadata, spec.scaleTargetRef?.apiVersion ?? ""),
    ...checkEach(spec.metrics, metrics, validateMetric),
  );
  if (minReplicas === 0 && !measured) {
    const detail = "must specify at least one Object or External metric to support scaling to zero replicas";
    errors.push(forbiddenField(metrics, detail));
  }
  return [
    ...errors,
    ...validateRules(spec.behavior?.scaleUp, "spec.behavior.scaleUp"),
    ...validateRules(spec.behavior?.scaleDown, "spec.behavior.scaleDown"),
  ];
}

/** New autoscalers name the API group of what they scale; old ones may not have. */
function validateTargetGroup(metadata: HorizontalPodAutoscaler["metadata"], apiVersion: string): FieldError[] {
  if (metadata?.resourceVersion || apiVersion.includes("/")) return [];
  return [invalidValue("spec.scaleTargetRef.apiVersion", apiVersion, "apiVersion must specify API group")];
}

function validateRules(rules: HPAScalingRules | undefined, path: string): FieldError[] {
  if (rules === undefined) return [];
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = rules;
  const place = `${path}.stabilizationWindowSeconds`;
  const errors: FieldError[] = [];
  if (window !== undefined && window < 0) {
    errors.push(invalidValue(place, window, "must be greater than or equal to zero"));
  }
  if (window !== undefined && window > longestWindow) {
    errors.push(invalidValue(place, window, `must be less than or equal to ${longestWindow}`));
  }
  errors.push(...checkOptionalOneOf(`${path}.selectPolicy`, selectPolicy, ["Disabled", "Max", "Min"]));
  if (!policies?.length) errors.push(required(`${path}.policies`, "must specify at least one Policy"));
  errors.push(
    ...checkEach(policies, `${path}.policies`, ({ type, value, periodSeconds }, policy) => [
      ...checkOptionalOneOf(`${policy}.type`, type ?? "", ["Percent", "Pods"]),
      ...checkPositive(`${policy}.value`, value),
      ...checkPositive(`${policy}.periodSeconds`, periodSeconds),
      ...(periodSeconds > longestPeriod
        ? [invalidValue(`${policy}.periodSeconds`, periodSeconds, `must be less than or equal to ${longestPeriod}`)]
        : []),
    ]),
  );
  if (tolerance !== undefined && parseQuantity(tolerance).sign < 0) {
    errors.push(invalidValue(`${path}.tolerance`, tolerance, isNegativeMessage));
  }
  return errors;
}

export function validateHorizontalPodAutoscalerStatusUpdate({ status }: HorizontalPodAutoscaler): FieldError[] {
  return [
    ...checkNonNegative("status.currentReplicas", status?.currentReplicas),
    ...checkNonNegative("status.desiredReplicas", status?.desiredReplicas),
  ];
}
