import { fromTable } from "../../from-table.ts";
import type { HorizontalPodAutoscaler } from "../../generated/autoscaling-v1.ts";

export const horizontalPodAutoscalerV1 = fromTable<HorizontalPodAutoscaler>(
  "autoscaling",
  "v1",
  "HorizontalPodAutoscaler",
  {
    shortNames: ["hpa"],
    categories: ["all"],
  },
);
