import { fromTable } from "../../from-table.ts";
import type { PriorityClass } from "../../generated/scheduling-v1.ts";
import { priorityClassColumns } from "./columns.ts";
import { applyPriorityClassDefaults } from "./defaults.ts";
import { validatePriorityClass, validatePriorityClassUpdate } from "./validation.ts";

export const priorityClass = fromTable<PriorityClass>("scheduling.k8s.io", "v1", "PriorityClass", {
  shortNames: ["pc"],
  tracksGeneration: true,
  applyDefaults: applyPriorityClassDefaults,
  validate: validatePriorityClass,
  validateUpdate: validatePriorityClassUpdate,
  columns: priorityClassColumns,
});
