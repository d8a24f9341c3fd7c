/** Status is the controller's. */
import type { HorizontalPodAutoscaler } from "../../generated/autoscaling-v2.ts";

export function prepareForCreate(autoscaler: HorizontalPodAutoscaler): void {
  autoscaler.status = { desiredReplicas: 0 };
}
