import { type FieldError, required } from "../../../machinery/errors/field-error.ts";
import { validateLabelSelector } from "../../../machinery/validation/label-selector.ts";
import { nameIsPathSegment } from "../../../machinery/validation/names.ts";
import { checkEach } from "../../field-checks.ts";
import type { ClusterRole } from "../../generated/rbac-v1.ts";
import { validateRules } from "../rule-validation.ts";

export const validateName = nameIsPathSegment;

export function validateClusterRole({ rules, aggregationRule }: ClusterRole): FieldError[] {
  const errors = validateRules(rules, false);
  if (aggregationRule === undefined) return errors;
  const path = "aggregationRule.clusterRoleSelectors";
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    errors.push(required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil"));
  }
  return [...errors, ...checkEach(selectors, path, (selector, place) => validateLabelSelector(selector, place))];
}
