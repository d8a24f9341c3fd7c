import { fromTable } from "../../from-table.ts";
import type { Pod } from "../../generated/core-v1.ts";
import { podColumns } from "./columns.ts";
import { applyPodDefaults } from "./defaults.ts";
import { deletionGracePeriod, prepareForCreate, prepareForStatusUpdate, selectableFields } from "./strategy.ts";
import { validatePod, validatePodStatusUpdate, validatePodUpdate } from "./validation.ts";

export const pod = fromTable<Pod>("", "v1", "Pod", {
  shortNames: ["po"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyPodDefaults,
  prepareForCreate,
  prepareForStatusUpdate,
  deletionGracePeriod,
  selectableFields,
  validate: validatePod,
  validateUpdate: validatePodUpdate,
  validateStatusUpdate: validatePodStatusUpdate,
  columns: podColumns,
});
