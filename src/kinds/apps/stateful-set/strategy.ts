/** spec.updateStrategy.rollingUpdate.maxUnavailable is behind a feature gate that 1.36 leaves off. */
import type { StatefulSet } from "../../generated/apps-v1.ts";

export function prepareForCreate(set: StatefulSet): void {
  set.status = { replicas: 0 };
  delete set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
}

export function prepareForUpdate(set: StatefulSet, old: StatefulSet): void {
  if (old.spec?.updateStrategy?.rollingUpdate?.maxUnavailable === undefined) {
    delete set.spec?.updateStrategy?.rollingUpdate?.maxUnavailable;
  }
}
