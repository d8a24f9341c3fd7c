/** Checks of metav1.LabelSelector values, as apimachinery's meta/v1/validation. */
import { type FieldError, forbiddenField, invalidValue, required } from "../errors/field-error.ts";
import type { LabelSelectorObject } from "../selectors/label-selector.ts";
import { validateLabels } from "./metadata.ts";
import { isLabelValue, isQualifiedName } from "./names.ts";

export function validateLabelSelector(selector: LabelSelectorObject | undefined, path: string): FieldError[] {
  if (selector === undefined) return [];
  const errors = validateLabels(selector.matchLabels, `${path}.matchLabels`);
  for (const [index, { key, operator, values = [] }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) {
        errors.push(required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'"));
      }
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0) {
        errors.push(
          forbiddenField(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        );
      }
    } else errors.push(invalidValue(`${at}.operator`, operator, "not a valid selector operator"));
    for (const complaint of isQualifiedName(key)) errors.push(invalidValue(`${at}.key`, key, complaint));
    for (const [valueIndex, value] of values.entries()) {
      for (const complaint of isLabelValue(value))
        errors.push(invalidValue(`${at}.values[${valueIndex}]`, value, complaint));
    }
  }
  return errors;
}
