/** What the v1 view does by way of the v2 object. */
import type { Column } from "../../../machinery/kind.ts";
import type { HorizontalPodAutoscaler as AutoscalerV1 } from "../../generated/autoscaling-v1.ts";
import { horizontalPodAutoscalerColumns } from "./columns.ts";
import { autoscalerFromV1 } from "./storage.ts";

/** The CPU target's default is the conversion's, which knows the metrics in the annotations. */
export function applyHorizontalPodAutoscalerV1Defaults({ spec }: AutoscalerV1): void {
  if (spec !== undefined) spec.minReplicas ??= 1;
}

export function prepareForCreate(autoscaler: AutoscalerV1): void {
  autoscaler.status = { currentReplicas: 0, desiredReplicas: 0 };
}

export const horizontalPodAutoscalerV1Columns: readonly Column<AutoscalerV1>[] = horizontalPodAutoscalerColumns.map(
  (column) => ({ ...column, value: (object, now) => column.value(autoscalerFromV1(object), now) }),
);
