/** SetDefaults_Job, and what a CronJob's template gets of it. */

import { applyPodTemplateDefaults } from "../../core/pod/template-defaults.ts";
import type { Job, JobSpec } from "../../generated/batch-v1.ts";

const maximumInt32 = 2 ** 31 - 1;

export function applyJobDefaults(job: Job): void {
  const { spec } = job;
  if (spec === undefined) return;
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : maximumInt32;
  inheritTemplateLabels(job);
  spec.completionMode ??= "NonIndexed";
  spec.suspend ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy === undefined ? "TerminatingOrFailed" : "Failed";
  spec.manualSelector ??= false;
  applyJobTemplateDefaults(spec);
}

/** The defaults that upstream also fills in a CronJob's jobTemplate: those of the pod template and failure policy. */
export function applyJobTemplateDefaults(spec: JobSpec): void {
  for (const rule of spec.podFailurePolicy?.rules ?? []) {
    for (const pattern of rule.onPodConditions ?? []) pattern.status ||= "True";
  }
  spec.template ??= {};
  applyPodTemplateDefaults(spec.template);
}

function inheritTemplateLabels(job: Job): void {
  const labels = job.spec?.template?.metadata?.labels;
  if (labels === undefined || Object.keys(job.metadata?.labels ?? {}).length > 0) return;
  job.metadata ??= {};
  job.metadata.labels = { ...labels };
}
