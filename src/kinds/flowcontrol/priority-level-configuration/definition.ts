import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { PriorityLevelConfiguration } from "../../generated/flowcontrol-v1.ts";
import { priorityLevelConfigurationColumns } from "./columns.ts";
import { applyPriorityLevelConfigurationDefaults } from "./defaults.ts";
import { validatePriorityLevelConfiguration } from "./validation.ts";

export const priorityLevelConfiguration = fromTable<PriorityLevelConfiguration>(
  "flowcontrol.apiserver.k8s.io",
  "v1",
  "PriorityLevelConfiguration",
  {
    tracksGeneration: true,
    applyDefaults: applyPriorityLevelConfigurationDefaults,
    prepareForCreate: clearStatus,
    validate: validatePriorityLevelConfiguration,
    columns: priorityLevelConfigurationColumns,
  },
);
