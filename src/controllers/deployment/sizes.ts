import type { Deployment, ReplicaSet } from "../../kinds/generated/apps-v1.ts";
import { scaledValue } from "../../machinery/int-or-string.ts";
import { byCreation } from "../framework/controller-reference.ts";
import { desiredReplicasOf, maxReplicasOf } from "./annotations.ts";

export const replicasOf = (object: Deployment | ReplicaSet): number => object.spec?.replicas ?? 1;
export const availableOf = (set: ReplicaSet | undefined): number => set?.status?.availableReplicas ?? 0;
export const total = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number): number =>
  sets.reduce((sum, set) => sum + count(set), 0);
export const isActive = (set: ReplicaSet): boolean => replicasOf(set) > 0;

export const isRollingUpdate = (deployment: Deployment): boolean => deployment.spec?.strategy?.type !== "Recreate";

/** maxSurge and maxUnavailable as numbers; where both round to nothing, one may be unavailable, or nothing would move. */
function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  const { maxSurge, maxUnavailable } = deployment.spec?.strategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge ?? 0, replicasOf(deployment), true);
  const unavailable = scaledValue(maxUnavailable ?? 0, replicasOf(deployment), false);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

export const maxSurge = (deployment: Deployment): number =>
  isRollingUpdate(deployment) ? fenceposts(deployment).surge : 0;

/** How many pods may be missing while rolling; 0 for other strategies. */
export function maxUnavailable(deployment: Deployment): number {
  if (!isRollingUpdate(deployment) || replicasOf(deployment) === 0) return 0;
  return Math.min(fenceposts(deployment).unavailable, replicasOf(deployment));
}

/** How many replicas the current ReplicaSet may have now without going above replicas plus surge. */
export function newSetReplicas(deployment: Deployment, sets: readonly ReplicaSet[], current: ReplicaSet): number {
  const desired = replicasOf(deployment);
  if (!isRollingUpdate(deployment)) return desired;
  const room = desired + maxSurge(deployment) - total(sets, replicasOf);
  if (room <= 0) return replicasOf(current);
  return replicasOf(current) + Math.min(room, desired - replicasOf(current));
}

/** Whether the current ReplicaSet runs all that the Deployment wants. */
export function isSaturated(deployment: Deployment, current: ReplicaSet | undefined): boolean {
  if (current === undefined) return false;
  const desired = replicasOf(deployment);
  return replicasOf(current) === desired && desiredReplicasOf(current) === desired && availableOf(current) === desired;
}

/**
 * Sizes of the active ReplicaSets after a scaling amid a rollout: what is to be added or removed is shared in
 * proportion to their present sizes, and what rounding leaves goes to the largest.
 */
export function proportionalSizes(deployment: Deployment, active: readonly ReplicaSet[]): Map<ReplicaSet, number> {
  const desired = replicasOf(deployment);
  const allowed = desired > 0 ? desired + maxSurge(deployment) : 0;
  const toAdd = allowed - total(active, replicasOf);
  const sorted = [...active].sort(
    (a, b) => replicasOf(b) - replicasOf(a) || (toAdd > 0 ? byCreation(b, a) : byCreation(a, b)),
  );
  const sizes = new Map<ReplicaSet, number>();
  let added = 0;
  for (const set of sorted) {
    const share = toAdd === 0 || toAdd === added ? 0 : fraction(deployment, set);
    const step = toAdd > 0 ? Math.min(share, toAdd - added) : Math.max(share, toAdd - added);
    sizes.set(set, replicasOf(set) + (toAdd === 0 ? 0 : step));
    added += toAdd === 0 ? 0 : step;
  }
  const largest = sorted[0];
  if (largest !== undefined) sizes.set(largest, Math.max(0, (sizes.get(largest) ?? 0) + toAdd - added));
  return sizes;
}

function fraction(deployment: Deployment, set: ReplicaSet): number {
  if (replicasOf(deployment) === 0) return -replicasOf(set);
  const before = maxReplicasOf(set) || (deployment.status?.replicas ?? 0);
  if (before === 0) return 0;
  const after = replicasOf(deployment) + maxSurge(deployment);
  return Math.round((replicasOf(set) * after) / before) - replicasOf(set);
}
