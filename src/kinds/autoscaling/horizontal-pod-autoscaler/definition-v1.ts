import { fromTable } from "../../from-table.ts";
import type { HorizontalPodAutoscaler } from "../../generated/autoscaling-v1.ts";
import {
  applyHorizontalPodAutoscalerV1Defaults,
  horizontalPodAutoscalerV1Columns,
  prepareForCreate,
} from "./behaviour-v1.ts";
import { storage } from "./storage.ts";
import { validateHorizontalPodAutoscalerV1 } from "./validation-v1.ts";

export const horizontalPodAutoscalerV1 = fromTable<HorizontalPodAutoscaler>(
  "autoscaling",
  "v1",
  "HorizontalPodAutoscaler",
  {
    shortNames: ["hpa"],
    categories: ["all"],
    applyDefaults: applyHorizontalPodAutoscalerV1Defaults,
    prepareForCreate,
    columns: horizontalPodAutoscalerV1Columns,
    storage,
    validate: validateHorizontalPodAutoscalerV1,
  },
);
