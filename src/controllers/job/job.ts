/**
 * Jobs: pods that run to completion, so many times, in parallel, by index, with back-off and failure policy. Fed by
 * Jobs and their pods; feeds pods and the status. A finalizer on each pod makes sure that it is counted exactly once.
 * Follows upstream's pkg/controller/job.
 */

import { splitKey } from "../../client/object-cache.ts";
import { jobs, pods } from "../../client/resources.ts";
import type { Job, JobCondition, JobStatus } from "../../kinds/generated/batch-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { controllerOf } from "../../machinery/meta/accessors.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { claimOwned, indexByOwner } from "../framework/claim.ts";
import { metaOf, newControllerReference } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController } from "../framework/define-controller.ts";
import { changePods, podFromTemplate } from "../framework/pod-control.ts";
import { type Account, indexesField, isIndexed, takeAccount, trackingFinalizer } from "./accounting.ts";
import { conditionOf, deadlineLeft, isFinished, judge, type Verdict } from "./outcome.ts";
import { jobTemplate, planPods } from "./pod-plan.ts";

export const jobController = defineController({
  name: "job",
  primary: jobs,
  owns: [pods],
  setUp(context) {
    indexByOwner(context, pods);
    releasePodsOfGoneJobs(context);
  },
  reconcile,
});

/** Pods of a Job that is deleted without them must not be held by our finalizer. */
function releasePodsOfGoneJobs(context: ControllerContext): void {
  context.informers.of(pods).subscribe({
    updated(pod) {
      const { deletionTimestamp, finalizers, namespace } = metaOf(pod);
      if (deletionTimestamp === undefined || !finalizers?.includes(trackingFinalizer)) return;
      const owner = controllerOf(pod);
      const job = owner?.kind === "Job" ? context.lister(jobs).get(owner.name, namespace) : undefined;
      if (job !== undefined && job.metadata?.uid === owner?.uid) return;
      releasePod(pod, context).catch((error: unknown) =>
        context.log.warn("pod was not released", { pod: metaOf(pod).name, error }),
      );
    },
  });
}

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const job = context.lister(jobs).get(name, namespace);
  if (job === undefined) return context.expectations.forget(key);
  const { managedBy } = job.spec ?? {};
  if (managedBy !== undefined && managedBy !== "kubernetes.io/job-controller") return;
  const selector = labelSelectorFromObject(job.spec?.selector);
  const mayChange = context.expectations.satisfied(key);
  const owned = await claimOwned(context, { resource: pods, owner: job, ownerResource: jobs, selector });
  if (isFinished(job) || job.metadata?.deletionTimestamp !== undefined) {
    for (const pod of owned) if (pod.metadata?.finalizers?.includes(trackingFinalizer)) await releasePod(pod, context);
    return;
  }
  const now = context.clock.now();
  const account = takeAccount(job, owned);
  countIndexFailures(job, account);
  const verdict = judge(job, account, now);
  const failure = mayChange ? await carryOut(key, job, account, verdict, context) : undefined;
  await writeStatus(job, account, verdict, context);
  // Only a pod that the status speaks of may go.
  await Promise.all(account.release.map((pod) => releasePod(pod, context)));
  const left = deadlineLeft(job, now);
  if (left !== undefined && left > 0) context.enqueue(key, left);
  if (failure !== undefined) throw failure;
}

/** Adds indexes that have failed more often than backoffLimitPerIndex. */
function countIndexFailures(job: Job, account: Account): void {
  const limit = job.spec?.backoffLimitPerIndex;
  if (limit === undefined) return;
  for (const [index, failures] of account.indexFailures) {
    if (failures > limit && !account.completedIndexes.has(index)) account.failedIndexes.add(index);
  }
}

/** Starts and stops pods; resolves with what went wrong. */
async function carryOut(
  key: string,
  job: Job,
  account: Account,
  verdict: Verdict | undefined,
  context: ControllerContext,
): Promise<unknown> {
  const plan =
    verdict === undefined
      ? planPods(job, account, context.clock.now())
      : { create: [], remove: account.active, waitMs: 0 };
  if (plan.waitMs > 0) context.enqueue(key, plan.waitMs);
  const reference = newControllerReference(jobs, job);
  return changePods(context, {
    key,
    owner: job,
    create: plan.create.length,
    newPod(position) {
      const index = plan.create[position];
      const pod = podFromTemplate(jobTemplate(job, index, account.indexFailures.get(index ?? -1) ?? 0), job, reference);
      const generateName = index === undefined ? pod.metadata?.generateName : `${metaOf(job).name}-${index}-`;
      return { ...pod, metadata: { ...pod.metadata, generateName } };
    },
    remove: plan.remove,
  });
}

async function writeStatus(
  job: Job,
  account: Account,
  verdict: Verdict | undefined,
  context: ControllerContext,
): Promise<void> {
  const now = formatTime(context.clock.now());
  const suspended = job.spec?.suspend === true;
  // With a verdict active pods are being stopped; a Job is over when the last has gone and all are counted.
  const active = verdict === undefined ? account.active.length : 0;
  const over = verdict !== undefined && account.active.length === 0 && account.terminating === 0;
  const { startTime: _, completionTime: __, ...rest } = job.status ?? {};
  const startTime = job.status?.startTime ?? (suspended ? undefined : now);
  const resumed = conditionOf(job, "Suspended") !== undefined && !suspended;
  const keptStart = suspended ? undefined : resumed ? now : startTime;
  const conditions = nextConditions(job, verdict, over, now);
  const completed = over && verdict?.type === "SuccessCriteriaMet";
  const completedIndexes = isIndexed(job) ? indexesField(account.completedIndexes) : undefined;
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined;
  const status: JobStatus = {
    ...rest,
    ...(keptStart === undefined ? {} : { startTime: keptStart }),
    ...(completed ? { completionTime: now } : {}),
    conditions,
    active,
    ready: verdict === undefined ? account.ready : 0,
    terminating: account.terminating,
    succeeded: account.succeeded,
    failed: account.failed,
    uncountedTerminatedPods: account.uncounted,
    completedIndexes,
    failedIndexes: perIndex ? (indexesField(account.failedIndexes) ?? "") : undefined,
  };
  // The end is told only when every pod is in the counters.
  const pending = (account.uncounted.succeeded?.length ?? 0) + (account.uncounted.failed?.length ?? 0) > 0;
  const final =
    over && pending
      ? { ...status, completionTime: undefined, conditions: nextConditions(job, verdict, false, now) }
      : status;
  if (sameStatus(job.status, final)) return;
  await context.client.of(jobs).updateStatus({ ...job, status: final });
  tellTransitions(job, final, context);
}

function nextConditions(job: Job, verdict: Verdict | undefined, over: boolean, now: string): JobCondition[] {
  const conditions = [...(job.status?.conditions ?? [])];
  const set = (type: string, status: string, reason: string, message: string): void => {
    const position = conditions.findIndex((condition) => condition.type === type);
    if (position >= 0 && conditions[position]?.status === status) return;
    const condition = { type, status, lastProbeTime: now, lastTransitionTime: now, reason, message };
    if (position >= 0) conditions[position] = condition;
    else conditions.push(condition);
  };
  if (verdict !== undefined) {
    set(verdict.type, "True", verdict.reason, verdict.message);
    const end = verdict.type === "SuccessCriteriaMet" ? "Complete" : "Failed";
    if (over) set(end, "True", verdict.reason, verdict.message);
  } else if (job.spec?.suspend === true) {
    set("Suspended", "True", "JobSuspended", "Job suspended");
  } else if (conditionOf(job, "Suspended") !== undefined) {
    set("Suspended", "False", "JobResumed", "Job resumed");
  }
  return conditions;
}

function tellTransitions(old: Job, status: JobStatus, { recorder }: ControllerContext): void {
  const next = { ...old, status };
  const became = (type: string): JobCondition | undefined =>
    conditionOf(old, type) === undefined ? conditionOf(next, type) : undefined;
  const failed = became("Failed");
  if (became("Complete") !== undefined) recorder.event(old, "Normal", "Completed", "Job completed");
  if (failed !== undefined) recorder.event(old, "Warning", failed.reason ?? "", failed.message ?? "");
  if (became("Suspended") !== undefined) recorder.event(old, "Normal", "Suspended", "Job suspended");
  if (conditionOf(old, "Suspended") !== undefined && conditionOf(next, "Suspended") === undefined) {
    recorder.event(old, "Normal", "Resumed", "Job resumed");
  }
}

async function releasePod(pod: Pod, context: ControllerContext): Promise<void> {
  const { name, namespace, uid } = metaOf(pod);
  const patch = { metadata: { uid, "$deleteFromPrimitiveList/finalizers": [trackingFinalizer] } };
  await ignoreNotFound(context.client.of(pods).patch(name, patch, { type: "strategic", namespace }));
}
