import { isPodReady, isPodTerminating } from "../../kinds/core/pod/pod-state.ts";
import type { Job, UncountedTerminatedPods } from "../../kinds/generated/batch-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { judgeFailure } from "./failure-policy.ts";
import { formatIndexes, indexOf, parseIndexes } from "./indexes.ts";

export const trackingFinalizer = "batch.kubernetes.io/job-tracking";

/**
 * The Job's pods, counted so that none is lost or counted twice however often this runs or is interrupted: a finished
 * pod's uid is noted in the status, then its finalizer is removed, then it is added to the counter.
 */
export interface Account {
  readonly active: Pod[];
  readonly terminating: number;
  readonly ready: number;
  /** Counters for the status. */
  readonly succeeded: number;
  readonly failed: number;
  readonly uncounted: UncountedTerminatedPods;
  /** All, those that wait to be counted included. */
  readonly totalSucceeded: number;
  readonly totalFailed: number;
  readonly completedIndexes: Set<number>;
  readonly failedIndexes: Set<number>;
  /** Finished pods whose finalizer may go once the status is written. */
  readonly release: Pod[];
  /** Failures that count, newest last: for the back-off. */
  readonly failures: Pod[];
  /** A FailJob rule matched. */
  readonly policyFailure: string | undefined;
  /** Failures of each index among the pods that exist. */
  readonly indexFailures: Map<number, number>;
}

export const isIndexed = ({ spec }: Job): boolean => spec?.completionMode === "Indexed";

/** Deleted pods count as failed at once, unless only failed pods are to be replaced. */
export const replacesOnlyFailed = ({ spec }: Job): boolean =>
  spec?.podReplacementPolicy === "Failed" || spec?.podFailurePolicy !== undefined;

function outcome(job: Job, pod: Pod): "succeeded" | "failed" | "running" {
  if (pod.status?.phase === "Succeeded") return "succeeded";
  if (pod.status?.phase === "Failed") return "failed";
  return pod.metadata?.deletionTimestamp !== undefined && !replacesOnlyFailed(job) ? "failed" : "running";
}

const isTracked = (pod: Pod): boolean => pod.metadata?.finalizers?.includes(trackingFinalizer) === true;

/** Counts `pods`, all that the Job owns; changes nothing. */
export function takeAccount(job: Job, pods: readonly Pod[]): Account {
  const completions = job.spec?.completions ?? Number.POSITIVE_INFINITY;
  const limit = Number.isFinite(completions) ? completions : 0;
  const completedIndexes = parseIndexes(isIndexed(job) ? job.status?.completedIndexes : undefined, limit);
  const failedIndexes = parseIndexes(job.status?.failedIndexes, limit);
  const tracked = new Set(pods.filter(isTracked).map((pod) => metaOf(pod).uid));
  const noted = job.status?.uncountedTerminatedPods ?? {};
  // A noted pod without finalizer, or gone, is counted now.
  const fold = (uids: readonly string[] = []): { kept: string[]; counted: number } => {
    const kept = uids.filter((uid) => tracked.has(uid));
    return { kept, counted: uids.length - kept.length };
  };
  const [notedSucceeded, notedFailed] = [fold(noted.succeeded), fold(noted.failed)];
  const newSucceeded = new Set(notedSucceeded.kept);
  const newFailed = new Set(notedFailed.kept);
  const release: Pod[] = [];
  const active: Pod[] = [];
  const failures: Pod[] = [];
  const indexFailures = new Map<number, number>();
  let policyFailure: string | undefined;
  for (const pod of pods) {
    const { uid } = metaOf(pod);
    const result = outcome(job, pod);
    if (result === "running") {
      if (pod.metadata?.deletionTimestamp === undefined) active.push(pod);
      continue;
    }
    const index = indexOf(pod);
    if (result === "failed") {
      const { action, message } = judgeFailure(job, pod);
      if (action === "FailJob") policyFailure ??= message;
      if (action === "FailIndex" && index !== undefined) failedIndexes.add(index);
      if (action !== "Ignore") {
        failures.push(pod);
        if (index !== undefined) indexFailures.set(index, (indexFailures.get(index) ?? 0) + 1);
      }
      if (isTracked(pod) && action !== "Ignore") newFailed.add(uid);
    } else if (isIndexed(job)) {
      if (index !== undefined && index < completions && isTracked(pod)) completedIndexes.add(index);
    } else if (isTracked(pod)) newSucceeded.add(uid);
    if (isTracked(pod)) release.push(pod);
  }
  for (const index of completedIndexes) failedIndexes.delete(index);
  const succeeded = isIndexed(job) ? completedIndexes.size : (job.status?.succeeded ?? 0) + notedSucceeded.counted;
  const failed = (job.status?.failed ?? 0) + notedFailed.counted;
  return {
    active,
    terminating: pods.filter(isPodTerminating).length,
    ready: active.filter(isPodReady).length,
    succeeded,
    failed,
    uncounted: {
      ...(newSucceeded.size === 0 ? {} : { succeeded: [...newSucceeded] }),
      ...(newFailed.size === 0 ? {} : { failed: [...newFailed] }),
    },
    totalSucceeded: isIndexed(job) ? completedIndexes.size : succeeded + newSucceeded.size,
    totalFailed: failed + newFailed.size,
    completedIndexes,
    failedIndexes,
    release,
    failures: failures.sort((a, b) => finishTime(a) - finishTime(b)),
    policyFailure,
    indexFailures,
  };
}

/** When a pod's last container ended, by the pod's own word; else its last change known. */
export function finishTime({ status, metadata }: Pod): number {
  const ends = (status?.containerStatuses ?? []).flatMap(({ state }) => state?.terminated?.finishedAt ?? []);
  const last = ends.sort().at(-1) ?? metadata?.deletionTimestamp ?? metadata?.creationTimestamp ?? "";
  return Date.parse(last) || 0;
}

export const indexesField = (indexes: ReadonlySet<number>): string | undefined =>
  indexes.size === 0 ? undefined : formatIndexes(indexes);
