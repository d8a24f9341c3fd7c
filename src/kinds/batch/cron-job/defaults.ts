/** SetDefaults_CronJob. */
import type { CronJob } from "../../generated/batch-v1.ts";
import { applyJobTemplateDefaults } from "../job/defaults.ts";

export function applyCronJobDefaults({ spec }: CronJob): void {
  if (spec === undefined) return;
  spec.concurrencyPolicy ||= "Allow";
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  if (spec.jobTemplate?.spec !== undefined) applyJobTemplateDefaults(spec.jobTemplate.spec);
}
