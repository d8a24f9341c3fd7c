import { fromTable } from "../../from-table.ts";
import type { DaemonSet } from "../../generated/apps-v1.ts";
import { daemonSetColumns } from "./columns.ts";
import { applyDaemonSetDefaults } from "./defaults.ts";
import { prepareForCreate, prepareForUpdate } from "./strategy.ts";
import { validateDaemonSet, validateDaemonSetStatusUpdate, validateDaemonSetUpdate } from "./validation.ts";

export const daemonSet = fromTable<DaemonSet>("apps", "v1", "DaemonSet", {
  shortNames: ["ds"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyDaemonSetDefaults,
  prepareForCreate,
  prepareForUpdate,
  validate: validateDaemonSet,
  validateUpdate: validateDaemonSetUpdate,
  validateStatusUpdate: validateDaemonSetStatusUpdate,
  columns: daemonSetColumns,
});
