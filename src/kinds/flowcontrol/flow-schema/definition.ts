import { fromTable } from "../../from-table.ts";
import type { FlowSchema } from "../../generated/flowcontrol-v1.ts";
import { applyFlowSchemaDefaults } from "./defaults.ts";

export const flowSchema = fromTable<FlowSchema>("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", {
  tracksGeneration: true,
  applyDefaults: applyFlowSchemaDefaults,
});
