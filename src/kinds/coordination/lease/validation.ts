/** ValidateLeaseSpec. */
import { type FieldError, forbiddenField, invalidValue } from "../../../machinery/errors/field-error.ts";
import { checkNonNegative } from "../../field-checks.ts";
import type { Lease } from "../../generated/coordination-v1.ts";

export function validateLease({ spec = {} }: Lease): FieldError[] {
  const { leaseDurationSeconds, leaseTransitions, preferredHolder, strategy } = spec;
  const errors: FieldError[] = [];
  if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0) {
    errors.push(invalidValue("spec.leaseDurationSeconds", leaseDurationSeconds, "must be greater than 0"));
  }
  errors.push(...checkNonNegative("spec.leaseTransitions", leaseTransitions));
  if (preferredHolder && !strategy) {
    errors.push(forbiddenField("spec.preferredHolder", "may only be specified if `strategy` is defined"));
  }
  return errors;
}
