import type { Job, JobCondition } from "../../kinds/generated/batch-v1.ts";
import { type Account, isIndexed } from "./accounting.ts";
import { parseIndexes } from "./indexes.ts";

/** Why a Job ends, before its last pods have gone. */
export interface Verdict {
  /** `SuccessCriteriaMet` leads to Complete, `FailureTarget` to Failed. */
  readonly type: "SuccessCriteriaMet" | "FailureTarget";
  readonly reason: string;
  readonly message: string;
}

export const conditionOf = ({ status }: Job, type: string): JobCondition | undefined =>
  status?.conditions?.find((condition) => condition.type === type && condition.status === "True");

export const isFinished = (job: Job): boolean =>
  conditionOf(job, "Complete") !== undefined || conditionOf(job, "Failed") !== undefined;

const failure = (reason: string, message: string): Verdict => ({ type: "FailureTarget", reason, message });

/** The verdict that stands already, or that the account calls for now; undefined while the Job goes on. */
export function judge(job: Job, account: Account, now: number): Verdict | undefined {
  for (const type of ["FailureTarget", "SuccessCriteriaMet"] as const) {
    const standing = conditionOf(job, type);
    if (standing !== undefined) return { type, reason: standing.reason ?? "", message: standing.message ?? "" };
  }
  const { spec } = job;
  if (account.policyFailure !== undefined) return failure("PodFailurePolicy", account.policyFailure);
  const backoffLimit = spec?.backoffLimit ?? 6;
  if (account.totalFailed > backoffLimit || restartsExceed(job, account, backoffLimit)) {
    return failure("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  }
  if (deadlineLeft(job, now) === 0) {
    return failure("DeadlineExceeded", "Job was active longer than specified deadline");
  }
  const { completions, parallelism = 1, maxFailedIndexes } = spec ?? {};
  if (isIndexed(job) && spec?.backoffLimitPerIndex !== undefined) {
    if (maxFailedIndexes !== undefined && account.failedIndexes.size > maxFailedIndexes) {
      const message = "Job has exceeded the specified maximal number of failed indexes";
      return failure("MaxFailedIndexesExceeded", message);
    }
    const done = account.failedIndexes.size + account.completedIndexes.size;
    if (account.failedIndexes.size > 0 && done >= (completions ?? 0)) {
      return failure("FailedIndexes", "Job has failed indexes");
    }
  }
  const rule = successRule(job, account);
  if (rule !== undefined) {
    return { type: "SuccessCriteriaMet", reason: "SuccessPolicy", message: `Matched rules at index ${rule}` };
  }
  const complete =
    completions === undefined
      ? (account.totalSucceeded > 0 && account.active.length === 0) || (parallelism === 0 && account.totalSucceeded > 0)
      : account.totalSucceeded >= completions;
  if (!complete || spec?.suspend === true) return undefined;
  const message = "Reached expected number of succeeded pods";
  return { type: "SuccessCriteriaMet", reason: "CompletionsReached", message };
}

/** With restartPolicy OnFailure the kubelet restarts containers in place: their restarts count as failures. */
function restartsExceed(job: Job, { active }: Account, backoffLimit: number): boolean {
  if (job.spec?.template.spec?.restartPolicy !== "OnFailure") return false;
  let restarts = 0;
  for (const { status } of active) {
    if (status?.phase !== "Running" && status?.phase !== "Pending") continue;
    for (const one of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
      restarts += one.restartCount;
    }
  }
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

/** Milliseconds until activeDeadlineSeconds is over; undefined without one. */
export function deadlineLeft({ spec, status }: Job, now: number): number | undefined {
  if (spec?.activeDeadlineSeconds === undefined || status?.startTime === undefined || spec.suspend) return undefined;
  return Math.max(0, Date.parse(status.startTime) + Number(spec.activeDeadlineSeconds) * 1000 - now);
}

function successRule(job: Job, { completedIndexes }: Account): number | undefined {
  const rules = job.spec?.successPolicy?.rules ?? [];
  const index = rules.findIndex(({ succeededIndexes, succeededCount }) => {
    const wanted = parseIndexes(
      succeededIndexes ?? `0-${(job.spec?.completions ?? 1) - 1}`,
      job.spec?.completions ?? 0,
    );
    const met = [...wanted].filter((one) => completedIndexes.has(one)).length;
    return succeededCount === undefined ? met >= wanted.size : met >= succeededCount;
  });
  return index < 0 ? undefined : index;
}
