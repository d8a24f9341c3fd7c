/** A job's failure and success policies. */
import {
  type FieldError,
  invalidValue,
  invalidWithoutValue,
  notSupportedInOrder,
  required,
  tooMany,
} from "../../../machinery/errors/field-error.ts";
import { isQualifiedName } from "../../../machinery/validation/names.ts";
import { checkEach, checkOneOf, checkText } from "../../field-checks.ts";
import type {
  JobSpec,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyRule,
} from "../../generated/batch-v1.ts";

const mostRules = 20;
const mostPatterns = 20;
const mostExitCodes = 255;
const actions = ["Count", "FailIndex", "FailJob", "Ignore"];

export function validatePodFailurePolicy(spec: JobSpec, path: string): FieldError[] {
  const rules = spec.podFailurePolicy?.rules ?? [];
  const place = `${path}.rules`;
  return [
    ...(rules.length > mostRules ? [tooMany(place, rules.length, mostRules)] : []),
    ...checkEach(rules, place, (rule, rulePath) => validateRule(rule, spec, rulePath)),
  ];
}

function validateRule(rule: PodFailurePolicyRule, spec: JobSpec, path: string): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors: FieldError[] = [];
  if (!action) errors.push(required(`${path}.action`, `valid values: [${actions.map((one) => `"${one}"`).join(" ")}]`));
  else if (action === "FailIndex" && spec.backoffLimitPerIndex === undefined) {
    errors.push(invalidValue(`${path}.action`, action, "requires the backoffLimitPerIndex to be set"));
  } else if (!actions.includes(action)) errors.push(notSupportedInOrder(`${path}.action`, action, actions));
  if (onExitCodes) errors.push(...validateExitCodes(onExitCodes, spec, `${path}.onExitCodes`));
  const conditions = `${path}.onPodConditions`;
  if (onPodConditions.length > mostPatterns) errors.push(tooMany(conditions, onPodConditions.length, mostPatterns));
  errors.push(
    ...checkEach(onPodConditions, conditions, ({ type, status }, place) => [
      ...checkText(`${place}.type`, type, isQualifiedName),
      ...checkOneOf(`${place}.status`, status, ["False", "True", "Unknown"]),
    ]),
  );
  const both = onExitCodes !== undefined && onPodConditions.length > 0;
  const neither = onExitCodes === undefined && onPodConditions.length === 0;
  if (both || neither) {
    const detail = both
      ? "specifying both OnExitCodes and OnPodConditions is not supported"
      : "specifying one of OnExitCodes and OnPodConditions is required";
    errors.push(invalidWithoutValue(path, detail));
  }
  return errors;
}

function validateExitCodes(
  { operator, containerName, values = [] }: PodFailurePolicyOnExitCodesRequirement,
  { template }: JobSpec,
  path: string,
): FieldError[] {
  const errors = checkOneOf(`${path}.operator`, operator, ["In", "NotIn"]);
  const containers = [...(template?.spec?.containers ?? []), ...(template?.spec?.initContainers ?? [])];
  if (containerName !== undefined && !containers.some(({ name }) => name === containerName)) {
    const detail = "must be one of the container or initContainer names in the pod template";
    errors.push(invalidValue(`${path}.containerName`, containerName, detail));
  }
  const place = `${path}.values`;
  if (values.length === 0) errors.push(invalidValue(place, values, "at least one value is required"));
  if (values.length > mostExitCodes) errors.push(tooMany(place, values.length, mostExitCodes));
  errors.push(
    ...checkEach(values, place, (value, at) =>
      operator === "In" && value === 0 ? [invalidValue(at, value, "must not be 0 for the In operator")] : [],
    ),
  );
  return errors;
}

export function validateSuccessPolicy({ successPolicy, completionMode }: JobSpec, path: string): FieldError[] {
  if (successPolicy === undefined) return [];
  if (completionMode !== "Indexed") return [invalidValue(path, successPolicy, "requires indexed completion mode")];
  const rules = successPolicy.rules ?? [];
  const place = `${path}.rules`;
  if (rules.length === 0) {
    return [required(place, "at least one rules must be specified when the successPolicy is specified")];
  }
  return [
    ...(rules.length > mostRules ? [tooMany(place, rules.length, mostRules)] : []),
    ...checkEach(rules, place, ({ succeededCount, succeededIndexes }, rule) =>
      succeededCount === undefined && succeededIndexes === undefined
        ? [required(rule, "at least one of succeededCount or succeededIndexes must be specified")]
        : [],
    ),
  ];
}
