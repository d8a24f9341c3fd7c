import { objectKey } from "../../client/object-cache.ts";
import type { Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet } from "../../kinds/generated/apps-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { conditionOf, newCondition, withCondition, withoutCondition } from "./conditions.ts";
import { allSets, hasProgressDeadline, type Rollout, writeStatus } from "./rollout.ts";
import { availableOf, maxUnavailable, replicasOf, total } from "./sizes.ts";

/** Counts over all ReplicaSets and the Available condition; the other conditions as they are. */
export function deploymentStatus(
  { deployment, current, old }: Pick<Rollout, "deployment" | "current" | "old">,
  now: string,
): DeploymentStatus {
  const sets = current === undefined ? old : [...old, current];
  const available = total(sets, availableOf);
  const enough = available >= replicasOf(deployment) - maxUnavailable(deployment);
  const condition = enough
    ? newCondition("Available", "True", {
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
        now,
      })
    : newCondition("Available", "False", {
        reason: "MinimumReplicasUnavailable",
        message: "Deployment does not have minimum availability.",
        now,
      });
  const { collisionCount, conditions = [] } = deployment.status ?? {};
  const terminatingReplicas = terminating(sets);
  return {
    observedGeneration: deployment.metadata?.generation ?? 0,
    replicas: total(sets, (set) => set.status?.replicas ?? 0),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total(sets, (set) => set.status?.readyReplicas ?? 0),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, total(sets, replicasOf) - available),
    ...(terminatingReplicas === undefined ? {} : { terminatingReplicas }),
    ...(collisionCount === undefined ? {} : { collisionCount }),
    conditions: withCondition(conditions, condition),
  };
}

/** Undefined when a ReplicaSet that was observed does not report it. */
function terminating(sets: readonly ReplicaSet[]): number | undefined {
  let sum = 0;
  for (const { status } of sets) {
    if (status?.terminatingReplicas !== undefined) sum += status.terminatingReplicas;
    else if ((status?.observedGeneration ?? 0) !== 0) return undefined;
  }
  return sum;
}

/** Writes counts and availability alone: for scaling, pausing and deletion. */
export async function syncStatus(rollout: Rollout): Promise<void> {
  const status = deploymentStatus(rollout, formatTime(rollout.context.clock.now()));
  if (!sameStatus(rollout.deployment.status, status)) await writeStatus(rollout, status);
}

/** Whether all replicas are of the present template and available, and no others are left. */
export function isComplete(deployment: Deployment, status: DeploymentStatus | undefined): boolean {
  const desired = replicasOf(deployment);
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, observedGeneration = 0 } = status ?? {};
  return (
    updatedReplicas === desired &&
    replicas === desired &&
    availableReplicas === desired &&
    observedGeneration >= (deployment.metadata?.generation ?? 0)
  );
}

function hasProgressed(before: DeploymentStatus = {}, after: DeploymentStatus): boolean {
  const updated = (status: DeploymentStatus): number => status.updatedReplicas ?? 0;
  const old = (status: DeploymentStatus): number => (status.replicas ?? 0) - updated(status);
  return (
    updated(after) > updated(before) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  );
}

/** Writes the status amid a rollout, with the Progressing and ReplicaFailure conditions. */
export async function syncRolloutStatus(rollout: Rollout): Promise<void> {
  const { deployment, context } = rollout;
  const now = formatTime(context.clock.now());
  const status = deploymentStatus(rollout, now);
  let conditions = status.conditions ?? [];
  const present = conditionOf(conditions, "Progressing");
  const completedBefore = status.replicas === status.updatedReplicas && present?.reason === "NewReplicaSetAvailable";
  if (!hasProgressDeadline(deployment)) conditions = withoutCondition(conditions, "Progressing");
  else if (!completedBefore) conditions = withProgress(rollout, status, conditions, now);
  const failure = replicaFailure(rollout);
  conditions =
    failure === undefined ? withoutCondition(conditions, "ReplicaFailure") : withCondition(conditions, failure);
  const next = { ...status, conditions };
  if (!sameStatus(deployment.status, next)) return writeStatus(rollout, next);
  scheduleProgressCheck(rollout, next);
}

function withProgress(
  { deployment, current, context }: Rollout,
  status: DeploymentStatus,
  conditions: readonly DeploymentCondition[],
  now: string,
): DeploymentCondition[] {
  const subject =
    current === undefined ? `Deployment "${metaOf(deployment).name}"` : `ReplicaSet "${metaOf(current).name}"`;
  const present = conditionOf(conditions, "Progressing");
  if (isComplete(deployment, status)) {
    const message = `${subject} has successfully progressed.`;
    return withCondition(
      conditions,
      newCondition("Progressing", "True", { reason: "NewReplicaSetAvailable", message, now }),
    );
  }
  if (hasProgressed(deployment.status, status)) {
    const message = `${subject} is progressing.`;
    const condition = newCondition("Progressing", "True", { reason: "ReplicaSetUpdated", message, now });
    // Unlike others this condition is renewed with the same reason, for its lastUpdateTime is when progress was seen.
    const lastTransitionTime = present?.status === "True" ? present.lastTransitionTime : now;
    return [...withoutCondition(conditions, "Progressing"), { ...condition, lastTransitionTime }];
  }
  if (present !== undefined && hasTimedOut(deployment, present, context.clock.now())) {
    const message = `${subject} has timed out progressing.`;
    return withCondition(
      conditions,
      newCondition("Progressing", "False", { reason: "ProgressDeadlineExceeded", message, now }),
    );
  }
  return [...conditions];
}

const deadlineOf = (deployment: Deployment, { lastUpdateTime }: DeploymentCondition): number =>
  Date.parse(lastUpdateTime ?? "") + (deployment.spec?.progressDeadlineSeconds ?? 0) * 1000;

function hasTimedOut(deployment: Deployment, progressing: DeploymentCondition, now: number): boolean {
  if (progressing.reason === "NewReplicaSetAvailable") return false;
  return progressing.reason === "ProgressDeadlineExceeded" || deadlineOf(deployment, progressing) < now;
}

function replicaFailure(rollout: Rollout): DeploymentCondition | undefined {
  const sets = rollout.current === undefined ? [] : [rollout.current];
  for (const set of [...sets, ...allSets(rollout)]) {
    const failure = set.status?.conditions?.find((condition) => condition.type === "ReplicaFailure");
    if (failure !== undefined) return { ...failure, lastUpdateTime: failure.lastTransitionTime };
  }
  return undefined;
}

/** Comes back when the progress deadline runs out, for no event will tell. */
function scheduleProgressCheck({ deployment, context }: Rollout, status: DeploymentStatus): void {
  const progressing = conditionOf(deployment.status?.conditions, "Progressing");
  if (!hasProgressDeadline(deployment) || progressing === undefined) return;
  if (isComplete(deployment, status) || progressing.reason === "ProgressDeadlineExceeded") return;
  // Condition times are whole seconds; one second more saves a futile look.
  const wait = deadlineOf(deployment, progressing) - context.clock.now() + 1000;
  context.enqueue(objectKey(deployment), Math.max(1000, wait));
}
