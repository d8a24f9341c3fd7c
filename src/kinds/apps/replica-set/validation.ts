/** ValidateReplicaSet, ValidateReplicaSetUpdate, ValidateReplicaSetStatusUpdate. */
import { type FieldError, required } from "../../../machinery/errors/field-error.ts";
import { checkImmutable, checkNonNegative } from "../../field-checks.ts";
import type { ReplicaSet } from "../../generated/apps-v1.ts";
import { validateOwnSelector, validateReplicaCounts, validateSelectedTemplate } from "../replica-checks.ts";

export function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  if (spec === undefined) return [required("spec.selector")];
  return [
    ...checkNonNegative("spec.replicas", spec.replicas),
    ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
    // Upstream, too, says deployment here.
    ...validateOwnSelector(spec.selector, "deployment", "spec.selector"),
    ...validateSelectedTemplate(spec.selector, spec.template ?? {}, "ReplicaSet", "invalid label selector"),
  ];
}

export function validateReplicaSetUpdate({ spec }: ReplicaSet, { spec: before }: ReplicaSet): FieldError[] {
  return checkImmutable("spec.selector", spec?.selector, before?.selector);
}

const counts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];

export function validateReplicaSetStatusUpdate({ status }: ReplicaSet): FieldError[] {
  return validateReplicaCounts(
    { ...status },
    ["replicas", ...counts, "observedGeneration", "terminatingReplicas"],
    counts,
  );
}
