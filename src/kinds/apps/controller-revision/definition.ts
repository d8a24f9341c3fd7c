import { fromTable } from "../../from-table.ts";
import type { ControllerRevision } from "../../generated/apps-v1.ts";
import { controllerRevisionColumns } from "./columns.ts";
import { validateControllerRevision, validateControllerRevisionUpdate } from "./validation.ts";

export const controllerRevision = fromTable<ControllerRevision>("apps", "v1", "ControllerRevision", {
  validate: validateControllerRevision,
  validateUpdate: validateControllerRevisionUpdate,
  columns: controllerRevisionColumns,
});
