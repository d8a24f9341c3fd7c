import { isPodReady } from "../../kinds/core/pod/pod-state.ts";
import type { Job } from "../../kinds/generated/batch-v1.ts";
import type { Container, Pod, PodTemplateSpec } from "../../kinds/generated/core-v1.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type Account, finishTime, isIndexed, replacesOnlyFailed, trackingFinalizer } from "./accounting.ts";
import { indexFailuresAnnotation, indexKey, indexOf } from "./indexes.ts";

/** Upstream's DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff. */
const firstBackOffMs = 10_000;
const maximumBackOffMs = 600_000;

export interface PodPlan {
  /** One for each pod to create: its index, or undefined. */
  readonly create: (number | undefined)[];
  readonly remove: Pod[];
  /** Milliseconds until pods held back by the back-off may be created; 0 for none. */
  readonly waitMs: number;
}

/** How many pods should run, and which to start or stop for it. */
export function planPods(job: Job, account: Account, now: number): PodPlan {
  const { parallelism = 1, completions, suspend } = job.spec ?? {};
  const { active } = account;
  if (suspend === true) return { create: [], remove: active, waitMs: 0 };
  const left =
    completions === undefined
      ? undefined
      : Math.max(0, completions - account.totalSucceeded - (isIndexed(job) ? account.failedIndexes.size : 0));
  // Without completions, no more are started once one has succeeded.
  const wanted =
    left === undefined
      ? account.totalSucceeded > 0
        ? Math.min(active.length, parallelism)
        : parallelism
      : Math.min(parallelism, left);
  if (active.length > wanted)
    return { create: [], remove: leastReadyFirst(active).slice(0, active.length - wanted), waitMs: 0 };
  const replaced = replacesOnlyFailed(job) ? account.terminating : 0;
  const missing = Math.max(0, wanted - active.length - replaced);
  if (missing === 0) return { create: [], remove: [], waitMs: 0 };
  if (!isIndexed(job)) {
    const waitMs = backOffLeft(account.failures, now);
    return { create: waitMs > 0 ? [] : Array.from({ length: missing }, () => undefined), remove: [], waitMs };
  }
  return planIndexes(job, account, missing, now);
}

function planIndexes(job: Job, account: Account, missing: number, now: number): PodPlan {
  const perIndex = job.spec?.backoffLimitPerIndex !== undefined;
  const busy = new Set(account.active.map(indexOf));
  const create: number[] = [];
  let waitMs = perIndex ? 0 : backOffLeft(account.failures, now);
  if (waitMs > 0) return { create, remove: [], waitMs };
  for (let index = 0; index < (job.spec?.completions ?? 0) && create.length < missing; index++) {
    if (busy.has(index) || account.completedIndexes.has(index) || account.failedIndexes.has(index)) continue;
    const left = perIndex
      ? backOffLeft(
          account.failures.filter((pod) => indexOf(pod) === index),
          now,
        )
      : 0;
    if (left === 0) create.push(index);
    else waitMs = waitMs === 0 ? left : Math.min(waitMs, left);
  }
  return { create, remove: [], waitMs };
}

/** Doubles with each failed pod that is still there. */
function backOffLeft(failures: readonly Pod[], now: number): number {
  const last = failures.at(-1);
  if (last === undefined) return 0;
  const delay = Math.min(maximumBackOffMs, firstBackOffMs * 2 ** (failures.length - 1));
  return Math.max(0, finishTime(last) + delay - now);
}

function leastReadyFirst(pods: readonly Pod[]): Pod[] {
  const rank = (pod: Pod): number =>
    (pod.spec?.nodeName ? 1 : 0) + (pod.status?.phase === "Running" ? 2 : 0) + (isPodReady(pod) ? 4 : 0);
  const created = (pod: Pod): string => pod.metadata?.creationTimestamp ?? "";
  return [...pods].sort((a, b) => rank(a) - rank(b) || created(b).localeCompare(created(a)));
}

/** The Job's template with what tracking and indexing add. */
export function jobTemplate(job: Job, index: number | undefined, failures: number): PodTemplateSpec {
  const template = job.spec?.template ?? {};
  const { metadata = {}, spec } = template;
  const finalizers = [...(metadata.finalizers ?? []), trackingFinalizer];
  if (index === undefined) return { ...template, metadata: { ...metadata, finalizers } };
  const text = String(index);
  const perIndex = job.spec?.backoffLimitPerIndex === undefined ? {} : { [indexFailuresAnnotation]: String(failures) };
  const withIndex = (container: Container): Container => {
    if (container.env?.some(({ name }) => name === "JOB_COMPLETION_INDEX")) return container;
    const valueFrom = { fieldRef: { fieldPath: `metadata.labels['${indexKey}']` } };
    return { ...container, env: [...(container.env ?? []), { name: "JOB_COMPLETION_INDEX", valueFrom }] };
  };
  return {
    metadata: {
      ...metadata,
      finalizers,
      labels: { ...metadata.labels, [indexKey]: text },
      annotations: { ...metadata.annotations, [indexKey]: text, ...perIndex },
    },
    spec: {
      ...spec,
      hostname: `${metaOf(job).name}-${text}`,
      containers: (spec?.containers ?? []).map(withIndex),
      ...(spec?.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(withIndex) }),
    },
  };
}
