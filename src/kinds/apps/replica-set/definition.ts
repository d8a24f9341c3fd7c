import { fromTable } from "../../from-table.ts";
import type { ReplicaSet } from "../../generated/apps-v1.ts";
import { replicaSetColumns } from "./columns.ts";
import { applyReplicaSetDefaults } from "./defaults.ts";
import { prepareForCreate } from "./strategy.ts";
import { validateReplicaSet, validateReplicaSetStatusUpdate, validateReplicaSetUpdate } from "./validation.ts";

export const replicaSet = fromTable<ReplicaSet>("apps", "v1", "ReplicaSet", {
  shortNames: ["rs"],
  categories: ["all"],
  tracksGeneration: true,
  applyDefaults: applyReplicaSetDefaults,
  prepareForCreate,
  validate: validateReplicaSet,
  validateUpdate: validateReplicaSetUpdate,
  validateStatusUpdate: validateReplicaSetStatusUpdate,
  columns: replicaSetColumns,
});
