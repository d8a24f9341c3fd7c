import { fromTable } from "../../from-table.ts";
import type { HorizontalPodAutoscaler } from "../../generated/autoscaling-v2.ts";
import { horizontalPodAutoscalerColumns } from "./columns.ts";
import { applyHorizontalPodAutoscalerDefaults } from "./defaults.ts";
import { prepareForCreate } from "./strategy.ts";
import { validateHorizontalPodAutoscaler, validateHorizontalPodAutoscalerStatusUpdate } from "./validation.ts";

export const horizontalPodAutoscaler = fromTable<HorizontalPodAutoscaler>(
  "autoscaling",
  "v2",
  "HorizontalPodAutoscaler",
  {
    shortNames: ["hpa"],
    categories: ["all"],
    applyDefaults: applyHorizontalPodAutoscalerDefaults,
    prepareForCreate,
    validate: validateHorizontalPodAutoscaler,
    validateStatusUpdate: validateHorizontalPodAutoscalerStatusUpdate,
    columns: horizontalPodAutoscalerColumns,
  },
);
