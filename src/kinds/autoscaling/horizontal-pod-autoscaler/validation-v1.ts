/** The v1 view is checked as the v2 object that it stands for, as upstream checks its internal form. */
import type { FieldError } from "../../../machinery/errors/field-error.ts";
import type { HorizontalPodAutoscaler as AutoscalerV1 } from "../../generated/autoscaling-v1.ts";
import { autoscalerFromV1 } from "./storage.ts";
import { validateHorizontalPodAutoscaler } from "./validation.ts";

export function validateHorizontalPodAutoscalerV1(autoscaler: AutoscalerV1): FieldError[] {
  return validateHorizontalPodAutoscaler(autoscalerFromV1(autoscaler));
}
