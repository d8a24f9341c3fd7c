import { fromTable } from "../../from-table.ts";
import type { HorizontalPodAutoscaler } from "../../generated/autoscaling-v2.ts";
import { applyHorizontalPodAutoscalerDefaults } from "./defaults.ts";

export const horizontalPodAutoscaler = fromTable<HorizontalPodAutoscaler>(
  "autoscaling",
  "v2",
  "HorizontalPodAutoscaler",
  {
    shortNames: ["hpa"],
    categories: ["all"],
    applyDefaults: applyHorizontalPodAutoscalerDefaults,
  },
);
