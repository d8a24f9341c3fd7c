import { clearStatus } from "../../clear-status.ts";
import { fromTable } from "../../from-table.ts";
import type { FlowSchema } from "../../generated/flowcontrol-v1.ts";
import { flowSchemaColumns } from "./columns.ts";
import { applyFlowSchemaDefaults } from "./defaults.ts";
import { validateFlowSchema } from "./validation.ts";

export const flowSchema = fromTable<FlowSchema>("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", {
  tracksGeneration: true,
  applyDefaults: applyFlowSchemaDefaults,
  prepareForCreate: clearStatus,
  validate: validateFlowSchema,
  columns: flowSchemaColumns,
});
