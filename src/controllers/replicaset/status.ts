import { isPodReady } from "../../kinds/core/pod/pod-state.ts";
import type { ReplicaSet, ReplicaSetCondition, ReplicaSetStatus } from "../../kinds/generated/apps-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { labelSelectorFromSet } from "../../machinery/selectors/label-selector.ts";
import { messageOf } from "../framework/failures.ts";
import { isPodAvailable } from "../framework/pods.ts";

export interface Observation {
  readonly active: readonly Pod[];
  readonly terminating: readonly Pod[];
  /** What went wrong with creating or deleting pods in this pass. */
  readonly failure?: unknown;
  readonly now: number;
}

/** The status of a ReplicaSet (or ReplicationController, which has the same fields) that owns these pods. */
export function replicaSetStatus(
  set: ReplicaSet,
  { active, terminating, failure, now }: Observation,
  countTerminating: boolean,
): ReplicaSetStatus {
  const templateLabels = labelSelectorFromSet(set.spec?.template?.metadata?.labels ?? {});
  const ready = active.filter(isPodReady);
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const { conditions, ...rest } = set.status ?? { replicas: 0 };
  const next = failureConditions(conditions ?? [], active.length - (set.spec?.replicas ?? 1), failure, now);
  return {
    ...rest,
    replicas: active.length,
    fullyLabeledReplicas: active.filter((pod) => templateLabels.matches(pod.metadata?.labels ?? {})).length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter((pod) => isPodAvailable(pod, minReadySeconds, now)).length,
    ...(countTerminating ? { terminatingReplicas: terminating.length } : {}),
    observedGeneration: set.metadata?.generation ?? 0,
    ...(next.length === 0 ? {} : { conditions: next }),
  };
}

function failureConditions(
  conditions: readonly ReplicaSetCondition[],
  surplus: number,
  failure: unknown,
  now: number,
): ReplicaSetCondition[] {
  const present = conditions.find((condition) => condition.type === "ReplicaFailure");
  if (failure === undefined) return conditions.filter((condition) => condition !== present);
  if (present !== undefined) return [...conditions];
  const condition = {
    type: "ReplicaFailure",
    status: "True",
    lastTransitionTime: formatTime(now),
    reason: surplus < 0 ? "FailedCreate" : "FailedDelete",
    message: messageOf(failure),
  };
  return [...conditions, condition];
}
