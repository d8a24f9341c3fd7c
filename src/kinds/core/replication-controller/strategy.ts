/** Status is the controller's. */
import type { ReplicationController } from "../../generated/core-v1.ts";

export function prepareForCreate(controller: ReplicationController): void {
  controller.status = { replicas: 0 };
}
