/** SetDefaults_FlowSchemaSpec. */
import type { FlowSchema } from "../../generated/flowcontrol-v1.ts";

export function applyFlowSchemaDefaults({ spec }: FlowSchema): void {
  if (spec !== undefined) spec.matchingPrecedence ||= 1000;
}
