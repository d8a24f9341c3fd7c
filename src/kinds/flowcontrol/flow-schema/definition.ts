import { fromTable } from "../../from-table.ts";
import type { FlowSchema } from "../../generated/flowcontrol-v1.ts";

export const flowSchema = fromTable<FlowSchema>("flowcontrol.apiserver.k8s.io", "v1", "FlowSchema", {
  tracksGeneration: true,
});
