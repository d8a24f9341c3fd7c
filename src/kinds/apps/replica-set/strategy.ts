/** Status is the controller's. */
import type { ReplicaSet } from "../../generated/apps-v1.ts";

export function prepareForCreate(set: ReplicaSet): void {
  set.status = { replicas: 0 };
}
