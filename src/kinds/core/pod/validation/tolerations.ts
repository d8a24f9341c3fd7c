/** Tolerations of a pod, and the effects of taints. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupportedInOrder,
} from "../../../../machinery/errors/field-error.ts";
import { isLabelValue, isQualifiedName } from "../../../../machinery/validation/names.ts";
import { checkEach, checkOneOf, checkText } from "../../../field-checks.ts";
import type { Toleration } from "../../../generated/core-v1.ts";
import { semanticEqual } from "../../../semantic-equal.ts";

export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function validateTolerations(tolerations: readonly Toleration[] | undefined, path: string): FieldError[] {
  return checkEach(tolerations, path, ({ key, operator, value, effect, tolerationSeconds }, place) => {
    const errors = key ? checkText(`${place}.key`, key, isQualifiedName) : [];
    const operatorPath = `${place}.operator`;
    if (!key && operator !== "Exists") {
      const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      errors.push(invalidValue(operatorPath, operator ?? "", detail));
    }
    if (tolerationSeconds !== undefined && effect !== "NoExecute") {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      errors.push(invalidValue(`${place}.effect`, effect ?? "", detail));
    }
    errors.push(...validateOperator(operator ?? "", value ?? "", operatorPath));
    return effect ? [...errors, ...checkOneOf(`${place}.effect`, effect, taintEffects)] : errors;
  });
}

function validateOperator(operator: string, value: string, path: string): FieldError[] {
  if (operator === "Exists") {
    return value === "" ? [] : [invalidValue(path, value, "value must be empty when `operator` is 'Exists'")];
  }
  if (operator === "Equal" || operator === "") {
    const complaints = isLabelValue(value);
    return complaints.length === 0 ? [] : [invalidValue(path, value, complaints.join(";"))];
  }
  const compares = operator === "Lt" || operator === "Gt";
  return [notSupportedInOrder(path, operator, compares ? ["Equal", "Exists", "Lt", "Gt"] : ["Equal", "Exists"])];
}

/** A pod's tolerations may grow, and change their seconds. */
export function validateOnlyAddedTolerations(
  tolerations: readonly Toleration[] | undefined,
  old: readonly Toleration[] | undefined,
  path: string,
): FieldError[] {
  const withoutSeconds = ({ tolerationSeconds: _seconds, ...rest }: Toleration) => rest;
  const kept = (tolerations ?? []).map(withoutSeconds);
  const errors: FieldError[] = [];
  for (const one of old ?? []) {
    if (kept.some((other) => semanticEqual(other, withoutSeconds(one)))) continue;
    errors.push(forbiddenField(path, "existing toleration can not be modified except its tolerationSeconds"));
  }
  return errors;
}
