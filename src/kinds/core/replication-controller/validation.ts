/** ValidateReplicationController and its status. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { labelSelectorFromSet } from "../../../machinery/selectors/label-selector.ts";
import { validateLongRunningTemplate, validateReplicaCounts } from "../../apps/replica-checks.ts";
import { checkNonNegative } from "../../field-checks.ts";
import type { ReplicationController } from "../../generated/core-v1.ts";

export function validateReplicationController({ spec = {} }: ReplicationController): FieldError[] {
  const errors = [
    ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...(Object.keys(spec.selector ?? {}).length === 0 ? [required("spec.selector")] : []),
    ...(spec.replicas === undefined ? [required("spec.replicas")] : checkNonNegative("spec.replicas", spec.replicas)),
  ];
  if (spec.template === undefined) return [...errors, required("spec.template")];
  const labels = spec.template.metadata?.labels;
  if (!labelSelectorFromSet(spec.selector).matches(labels)) {
    errors.push(invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`"));
  }
  return [...errors, ...validateLongRunningTemplate(spec.template, "ReplicationController", "spec.template")];
}

const counts = ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"];

export function validateReplicationControllerStatusUpdate({ status }: ReplicationController): FieldError[] {
  return validateReplicaCounts({ ...status }, ["replicas", ...counts, "observedGeneration"], counts);
}
