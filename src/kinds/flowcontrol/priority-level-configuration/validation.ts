/** A priority level is exempt, or limited with what belongs to that. */
import { type FieldError, forbiddenField, required } from "../../../machinery/errors/field-error.ts";
import { checkNonNegative, checkOptionalOneOf } from "../../field-checks.ts";
import type { PriorityLevelConfiguration } from "../../generated/flowcontrol-v1.ts";

export function validatePriorityLevelConfiguration({ spec }: PriorityLevelConfiguration): FieldError[] {
  const { type, exempt, limited } = spec ?? { type: "" };
  const errors = checkOptionalOneOf("spec.type", type ?? "", ["Exempt", "Limited"]);
  if (type === "Exempt" && limited !== undefined) {
    errors.push(forbiddenField("spec.limited", "must be nil if the type is not Limited"));
  }
  if (type === "Limited" && exempt !== undefined) {
    errors.push(forbiddenField("spec.exempt", "must be nil if the type is not Exempt"));
  }
  if (type === "Limited" && limited === undefined) {
    errors.push(required("spec.limited", "must not be empty when type is Limited"));
  }
  const path = "spec.limited.nominalConcurrencyShares";
  return [...errors, ...checkNonNegative(path, limited?.nominalConcurrencyShares)];
}
