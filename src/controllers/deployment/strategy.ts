import { pods } from "../../client/resources.ts";
import { isPodFinished } from "../../kinds/core/pod/pod-state.ts";
import type { ReplicaSet } from "../../kinds/generated/apps-v1.ts";
import { ownedBy } from "../framework/claim.ts";
import { byCreation } from "../framework/controller-reference.ts";
import { allSets, cleanUpHistory, createCurrentSet, type Rollout, scaleSet } from "./rollout.ts";
import {
  availableOf,
  isActive,
  isRollingUpdate,
  isSaturated,
  maxUnavailable,
  newSetReplicas,
  proportionalSizes,
  replicasOf,
  total,
} from "./sizes.ts";
import { isComplete, syncRolloutStatus } from "./status.ts";

/** One step from the old ReplicaSets to the current one, and the status after it. */
export async function rollOut(rollout: Rollout, rolling: boolean): Promise<void> {
  if (rolling) await stepRollingUpdate(rollout);
  else await stepRecreate(rollout);
  if (isComplete(rollout.deployment, rollout.deployment.status)) await cleanUpHistory(rollout);
  await syncRolloutStatus(rollout);
}

async function stepRollingUpdate(rollout: Rollout): Promise<void> {
  if (rollout.current === undefined) await createCurrentSet(rollout);
  const { current, deployment } = rollout;
  if (current === undefined) return;
  const desired = replicasOf(deployment);
  if (replicasOf(current) !== desired) {
    const size = replicasOf(current) > desired ? desired : newSetReplicas(deployment, allSets(rollout), current);
    if (size !== replicasOf(current) && (await scaleSet(rollout, current, size))) return;
  }
  await scaleDownOld(rollout, current);
}

/** First unhealthy pods, whose loss costs no availability, then as many as availability allows. */
async function scaleDownOld(rollout: Rollout, current: ReplicaSet): Promise<void> {
  const { deployment } = rollout;
  if (!rollout.old.some(isActive)) return;
  const minimumAvailable = replicasOf(deployment) - maxUnavailable(deployment);
  const unavailableOfCurrent = replicasOf(current) - availableOf(current);
  const most = total(allSets(rollout), replicasOf) - minimumAvailable - unavailableOfCurrent;
  if (most <= 0) return;
  await scaleDownEach(rollout, most, (set) => replicasOf(set) - availableOf(set));
  const spare = total(allSets(rollout), availableOf) - minimumAvailable;
  await scaleDownEach(rollout, spare, replicasOf);
}

/** Takes up to `budget` replicas from old ReplicaSets, oldest first, from each at most what `removable` says. */
async function scaleDownEach(rollout: Rollout, budget: number, removable: (set: ReplicaSet) => number): Promise<void> {
  let left = budget;
  for (const set of [...rollout.old].sort(byCreation)) {
    if (left <= 0) return;
    const count = Math.min(left, replicasOf(set), removable(set));
    if (count <= 0) continue;
    await scaleSet(rollout, set, replicasOf(set) - count);
    left -= count;
  }
}

async function stepRecreate(rollout: Rollout): Promise<void> {
  let scaledDown = false;
  for (const set of rollout.old.filter(isActive)) scaledDown = (await scaleSet(rollout, set, 0)) || scaledDown;
  if (scaledDown || oldPodsRemain(rollout)) return;
  if (rollout.current === undefined) await createCurrentSet(rollout);
  const { current } = rollout;
  if (current !== undefined && replicasOf(current) !== replicasOf(rollout.deployment)) {
    await scaleSet(rollout, current, replicasOf(rollout.deployment));
  }
}

function oldPodsRemain({ context, old }: Rollout): boolean {
  return old.some(
    (set) => (set.status?.replicas ?? 0) > 0 || ownedBy(context, pods, set).some((pod) => !isPodFinished(pod)),
  );
}

/** Answers a change of spec.replicas, also amid a rollout or while paused, without moving the rollout on. */
export async function scaleProportionally(rollout: Rollout): Promise<void> {
  const { deployment } = rollout;
  const active = allSets(rollout).filter(isActive);
  if (active.length <= 1) {
    const target = active[0] ?? rollout.current ?? [...rollout.old].sort(byCreation).at(-1);
    if (target !== undefined) await scaleSet(rollout, target, replicasOf(deployment));
  } else if (isSaturated(deployment, rollout.current)) {
    for (const set of rollout.old.filter(isActive)) await scaleSet(rollout, set, 0);
  } else if (isRollingUpdate(deployment)) {
    for (const [set, size] of proportionalSizes(deployment, active)) await scaleSet(rollout, set, size);
  }
  if (deployment.spec?.paused === true) await cleanUpHistory(rollout);
}
