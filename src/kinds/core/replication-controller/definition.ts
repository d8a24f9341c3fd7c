import { fromTable } from "../../from-table.ts";
import type { ReplicationController } from "../../generated/core-v1.ts";
import { replicationControllerColumns } from "./columns.ts";
import { applyReplicationControllerDefaults } from "./defaults.ts";
import { prepareForCreate } from "./strategy.ts";
import { validateReplicationController, validateReplicationControllerStatusUpdate } from "./validation.ts";

export const replicationController = fromTable<ReplicationController>("", "v1", "ReplicationController", {
  shortNames: ["rc"],
  categories: ["all"],
  tracksGeneration: true,
  defaultPropagation: "Orphan",
  selectableFields: { "status.replicas": (controller) => String(controller.status?.replicas ?? 0) },
  applyDefaults: applyReplicationControllerDefaults,
  prepareForCreate,
  validate: validateReplicationController,
  validateStatusUpdate: validateReplicationControllerStatusUpdate,
  columns: replicationControllerColumns,
});
