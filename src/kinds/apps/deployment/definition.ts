import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { Deployment } from "../../generated/apps-v1.ts";
import { deploymentColumns } from "./columns.ts";
import { applyDeploymentDefaults } from "./defaults.ts";
import { prepareForStatusUpdate, prepareForUpdate } from "./strategy.ts";
import { validateDeployment, validateDeploymentStatusUpdate, validateDeploymentUpdate } from "./validation.ts";

export const deployment = fromTable<Deployment>("apps", "v1", "Deployment", {
  shortNames: ["deploy"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyDeploymentDefaults,
  prepareForCreate: clearStatus,
  prepareForUpdate,
  prepareForStatusUpdate,
  validate: validateDeployment,
  validateUpdate: validateDeploymentUpdate,
  validateStatusUpdate: validateDeploymentStatusUpdate,
  columns: deploymentColumns,
});
