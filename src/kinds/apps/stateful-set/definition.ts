import { fromTable } from "../../from-table.ts";
import type { StatefulSet } from "../../generated/apps-v1.ts";
import { statefulSetColumns } from "./columns.ts";
import { applyStatefulSetDefaults } from "./defaults.ts";
import { prepareForCreate, prepareForUpdate } from "./strategy.ts";
import {
  validateName,
  validateStatefulSet,
  validateStatefulSetStatusUpdate,
  validateStatefulSetUpdate,
} from "./validation.ts";

export const statefulSet = fromTable<StatefulSet>("apps", "v1", "StatefulSet", {
  shortNames: ["sts"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyStatefulSetDefaults,
  prepareForCreate,
  prepareForUpdate,
  validate: validateStatefulSet,
  validateUpdate: validateStatefulSetUpdate,
  validateStatusUpdate: validateStatefulSetStatusUpdate,
  validateName,
  columns: statefulSetColumns,
});
