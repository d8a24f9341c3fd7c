/** A job's pods are told apart by labels that the API server generates from the job's name and uid. */
import type { Job } from "../../generated/batch-v1.ts";

export const jobNameLabel = "batch.kubernetes.io/job-name";
export const controllerUidLabel = "batch.kubernetes.io/controller-uid";
export const legacyJobNameLabel = "job-name";
export const legacyControllerUidLabel = "controller-uid";

export function prepareForCreate(job: Job): void {
  job.status = {};
  if (job.spec !== undefined && !job.spec.manualSelector) generateSelector(job);
  // As the defaults do, now that the template has labels for certain.
  const labels = job.spec?.template?.metadata?.labels;
  if (labels === undefined || Object.keys(job.metadata?.labels ?? {}).length > 0) return;
  job.metadata = { ...job.metadata, labels: { ...labels } };
}

/** Labels that are there already stay, for validation to complain about where they are wrong. */
function generateSelector({ metadata, spec }: Job): void {
  if (spec === undefined) return;
  const name = metadata?.name ?? "";
  const uid = metadata?.uid ?? "";
  spec.template.metadata ??= {};
  spec.template.metadata.labels = {
    [jobNameLabel]: name,
    [legacyJobNameLabel]: name,
    [controllerUidLabel]: uid,
    [legacyControllerUidLabel]: uid,
    ...spec.template.metadata.labels,
  };
  spec.selector ??= {};
  spec.selector.matchLabels = { [controllerUidLabel]: uid, ...spec.selector.matchLabels };
}
