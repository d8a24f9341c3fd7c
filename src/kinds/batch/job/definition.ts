import { fromTable } from "../../from-table.ts";
import type { Job } from "../../generated/batch-v1.ts";
import { jobColumns } from "./columns.ts";
import { applyJobDefaults } from "./defaults.ts";
import { prepareForCreate } from "./strategy.ts";
import { validateJob, validateJobUpdate } from "./validation.ts";

export const job = fromTable<Job>("batch", "v1", "Job", {
  categories: ["all"],
  tracksGeneration: true,
  defaultPropagation: "Orphan",
  deletionWarning:
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning",
  selectableFields: { "status.successful": (job) => String(job.status?.succeeded ?? 0) },
  applyDefaults: applyJobDefaults,
  prepareForCreate,
  validate: validateJob,
  validateUpdate: validateJobUpdate,
  columns: jobColumns,
});
