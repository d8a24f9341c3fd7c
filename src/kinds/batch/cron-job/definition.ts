import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { CronJob } from "../../generated/batch-v1.ts";
import { cronJobColumns } from "./columns.ts";
import { applyCronJobDefaults } from "./defaults.ts";
import { validateCronJob } from "./validation.ts";

export const cronJob = fromTable<CronJob>("batch", "v1", "CronJob", {
  shortNames: ["cj"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyCronJobDefaults,
  prepareForCreate: clearStatus,
  validate: validateCronJob,
  columns: cronJobColumns,
});
