/**
 * CronJobs: start a Job at each time of a schedule. Fed by CronJobs and their Jobs; feeds Jobs and the status. Follows
 * upstream's pkg/controller/cronjob.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { referenceTo } from "../../client/recorder.ts";
import { cronJobs, jobs } from "../../client/resources.ts";
import type { CronJob, Job } from "../../kinds/generated/batch-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { isAlreadyExists } from "../../machinery/errors/status-error.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { indexByOwner, ownedBy } from "../framework/claim.ts";
import { metaOf, newControllerReference } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController } from "../framework/define-controller.ts";
import { isNamespaceTerminating, messageOf } from "../framework/failures.ts";
import { isFinished } from "../job/outcome.ts";
import { missedTimes, parseSchedule, type Schedule } from "./schedule.ts";

const scheduledTimestamp = "batch.kubernetes.io/cronjob-scheduled-timestamp";
/** For so long after a start the cache may not show the new Job. */
const newJobGraceMs = 10_000;
/** Added to the wait, so that the schedule's second has begun. */
const slackMs = 100;

export const cronJobController = defineController({
  name: "cronjob",
  primary: cronJobs,
  owns: [jobs],
  setUp: (context) => indexByOwner(context, jobs),
  reconcile,
});

/** One pass; `status` is what will be written. */
interface Pass {
  readonly cronJob: CronJob;
  readonly owned: readonly Job[];
  readonly context: ControllerContext;
  status: NonNullable<CronJob["status"]>;
}

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const cronJob = context.lister(cronJobs).get(name, namespace);
  if (cronJob === undefined || cronJob.metadata?.deletionTimestamp !== undefined) return;
  const pass: Pass = { cronJob, owned: ownedBy(context, jobs, cronJob), context, status: { ...cronJob.status } };
  noteFinished(pass);
  await pruneHistory(pass);
  await startDue(pass);
  if (!sameStatus(cronJob.status, pass.status)) {
    await context.client.of(cronJobs).updateStatus({ ...cronJob, status: pass.status });
  }
}

const finishedType = ({ status }: Job): string =>
  status?.conditions?.find(({ type, status: state }) => (type === "Complete" || type === "Failed") && state === "True")
    ?.type ?? "";

/** Brings status.active in step with the Jobs that there are. */
function noteFinished(pass: Pass): void {
  const { cronJob, owned, context } = pass;
  const byUid = new Map(owned.map((job) => [metaOf(job).uid, job]));
  const active = (pass.status.active ?? []).filter((reference) => {
    const job = byUid.get(reference.uid ?? "");
    if (job === undefined) {
      const listed = context.lister(jobs).get(reference.name ?? "", reference.namespace);
      if (listed === undefined && pass.status.lastScheduleTime !== undefined) {
        const age = context.clock.now() - Date.parse(pass.status.lastScheduleTime);
        if (age < newJobGraceMs) return true;
        context.recorder.event(cronJob, "Normal", "MissingJob", `Active job went missing: ${reference.name}`);
      }
      return false;
    }
    if (!isFinished(job)) return true;
    const type = finishedType(job);
    context.recorder.event(
      cronJob,
      "Normal",
      "SawCompletedJob",
      `Saw completed job: ${reference.name}, condition: ${type}`,
    );
    if (type === "Complete" && (pass.status.lastSuccessfulTime ?? "") < (job.status?.completionTime ?? "")) {
      pass.status = { ...pass.status, lastSuccessfulTime: job.status?.completionTime };
    }
    return false;
  });
  const listed = new Set(active.map(({ uid }) => uid));
  for (const job of owned) {
    if (isFinished(job) || listed.has(metaOf(job).uid) || job.metadata?.deletionTimestamp !== undefined) continue;
    active.push(referenceTo(job));
  }
  pass.status = { ...pass.status, active };
}

async function pruneHistory({ cronJob, owned, context }: Pass): Promise<void> {
  const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cronJob.spec;
  for (const [type, limit] of [
    ["Complete", successfulJobsHistoryLimit],
    ["Failed", failedJobsHistoryLimit],
  ] as const) {
    const finished = owned
      .filter((job) => finishedType(job) === type)
      .sort((a, b) => (a.status?.startTime ?? "").localeCompare(b.status?.startTime ?? ""));
    for (const job of finished.slice(0, Math.max(0, finished.length - limit))) await removeJob(cronJob, job, context);
  }
}

async function removeJob(cronJob: CronJob, job: Job, context: ControllerContext): Promise<void> {
  const { name, namespace } = metaOf(job);
  await ignoreNotFound(context.client.of(jobs).delete(name, { namespace, propagationPolicy: "Background" }));
  context.recorder.event(cronJob, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
}

async function startDue(pass: Pass): Promise<void> {
  const { cronJob, context } = pass;
  const { spec } = cronJob;
  if (spec.suspend === true) return;
  const schedule = readSchedule(cronJob, context);
  if (schedule === undefined) return;
  const now = context.clock.now();
  const next = schedule.next(now);
  if (next !== undefined) context.enqueue(objectKey(cronJob), next - now + slackMs);
  const due = dueTime(cronJob, schedule, now, context);
  if (due === undefined) return;
  if (jobFor(pass, due)) return;
  if (spec.startingDeadlineSeconds !== undefined && due + Number(spec.startingDeadlineSeconds) * 1000 < now) {
    const message = `Missed scheduled time to start a job: ${new Date(due).toUTCString()}`;
    return context.recorder.event(cronJob, "Warning", "MissSchedule", message);
  }
  const active = pass.owned.filter((job) => !isFinished(job) && job.metadata?.deletionTimestamp === undefined);
  if (spec.concurrencyPolicy === "Forbid" && (pass.status.active ?? []).length > 0) {
    const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
    return context.recorder.event(cronJob, "Normal", "JobAlreadyActive", message);
  }
  if (spec.concurrencyPolicy === "Replace") {
    for (const job of active) await removeJob(cronJob, job, context);
    pass.status = { ...pass.status, active: [] };
  }
  await startJob(pass, due);
}

function readSchedule({ spec, ...cronJob }: CronJob, context: ControllerContext): Schedule | undefined {
  try {
    return parseSchedule(spec.schedule, spec.timeZone ?? "UTC");
  } catch (error) {
    const message = `unparseable schedule: ${spec.schedule} : ${messageOf(error)}`;
    context.recorder.event(cronJob, "Warning", "UnparseableSchedule", message);
    return undefined;
  }
}

/** The latest time that should have been started and was not. */
function dueTime(cronJob: CronJob, schedule: Schedule, now: number, context: ControllerContext): number | undefined {
  const last = cronJob.status?.lastScheduleTime ?? cronJob.metadata?.creationTimestamp ?? "";
  const { startingDeadlineSeconds } = cronJob.spec;
  const earliest = startingDeadlineSeconds === undefined ? 0 : now - Number(startingDeadlineSeconds) * 1000;
  const { latest, tooMany } = missedTimes(schedule, Math.max(Date.parse(last), earliest), now);
  if (tooMany) {
    const message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
    context.recorder.event(cronJob, "Warning", "TooManyMissedTimes", message);
  }
  return latest;
}

const nameFor = (cronJob: CronJob, due: number): string => `${metaOf(cronJob).name}-${Math.floor(due / 60_000)}`;

/** Whether the Job of this time was started already, though the status may not say so yet. */
function jobFor({ cronJob, owned, status }: Pass, due: number): boolean {
  const name = nameFor(cronJob, due);
  return (
    Date.parse(status.lastScheduleTime ?? "") >= due ||
    owned.some((job) => metaOf(job).name === name) ||
    (status.active ?? []).some((reference) => reference.name === name)
  );
}

async function startJob(pass: Pass, due: number): Promise<void> {
  const { cronJob, context } = pass;
  const { jobTemplate, timeZone } = cronJob.spec;
  const scheduled = formatTime(due);
  const job: Job = {
    metadata: {
      labels: jobTemplate.metadata?.labels,
      annotations: { ...jobTemplate.metadata?.annotations, [scheduledTimestamp]: inZone(due, timeZone) },
      name: nameFor(cronJob, due),
      namespace: metaOf(cronJob).namespace,
      ownerReferences: [newControllerReference(cronJobs, cronJob)],
    },
    spec: jobTemplate.spec,
  };
  try {
    const created = await context.client.of(jobs).create(job);
    context.recorder.event(cronJob, "Normal", "SuccessfulCreate", `Created job ${metaOf(created).name}`);
    pass.status = {
      ...pass.status,
      active: [...(pass.status.active ?? []), referenceTo(created)],
      lastScheduleTime: scheduled,
    };
  } catch (error) {
    if (isNamespaceTerminating(error)) return;
    if (isAlreadyExists(error)) {
      pass.status = { ...pass.status, lastScheduleTime: scheduled };
      return;
    }
    context.recorder.event(cronJob, "Warning", "FailedCreate", `Error creating job: ${messageOf(error)}`);
    throw error;
  }
}

/** RFC 3339 with the offset of the CronJob's time zone. */
function inZone(time: number, timeZone = "UTC"): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" }).formatToParts(time);
  const offset = parts.find(({ type }) => type === "timeZoneName")?.value.replace("GMT", "") || "Z";
  if (offset === "Z") return formatTime(time);
  const minutes = Number(`${offset[0]}1`) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6)));
  return `${new Date(time + minutes * 60_000).toISOString().slice(0, 19)}${offset}`;
}
