/**
 * Keeps the status of PodDisruptionBudgets true: how many pods are healthy, and how many may be evicted. Fed by
 * budgets, pods and their controllers; read by the eviction subresource and the scheduler's preemption.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import {
  deployments,
  podDisruptionBudgets,
  pods,
  replicaSets,
  replicationControllers,
  statefulSets,
} from "../../client/resources.ts";
import { isPodActive, isPodReady } from "../../kinds/core/pod/pod-state.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { PodDisruptionBudget } from "../../kinds/generated/policy-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { messageOf } from "../framework/failures.ts";
import { expectationOf } from "./expected-pods.ts";

/** Upstream's DeletionTimeout: an eviction that was admitted and whose pod has not gone by then has failed. */
const deletionTimeoutMs = 120_000;

const budgetsIn = ({ metadata }: KubernetesObject, context: ControllerContext): PodDisruptionBudget[] =>
  context.lister(podDisruptionBudgets).list(metadata?.namespace);
const allIn = (object: KubernetesObject, context: ControllerContext): string[] =>
  budgetsIn(object, context).map(objectKey);

export const disruptionController = defineController({
  name: "disruption",
  component: "controllermanager",
  primary: podDisruptionBudgets,
  watches: [
    watch(pods, (pod, context, { old }) =>
      budgetsIn(pod, context)
        .filter(({ spec }) => {
          const selector = labelSelectorFromObject(spec?.selector);
          return [pod, old].some(
            (version) => version !== undefined && selector.matches(version.metadata?.labels ?? {}),
          );
        })
        .map(objectKey),
    ),
    watch(replicaSets, allIn),
    watch(deployments, (object, context, { old }) =>
      object.spec?.replicas === old?.spec?.replicas ? [] : allIn(object, context),
    ),
    watch(statefulSets, (object, context, { old }) =>
      object.spec?.replicas === old?.spec?.replicas ? [] : allIn(object, context),
    ),
    watch(replicationControllers, (object, context, { old }) =>
      object.spec?.replicas === old?.spec?.replicas ? [] : allIn(object, context),
    ),
  ],
  reconcile,
});

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const budget = context.lister(podDisruptionBudgets).get(name, namespace);
  if (budget === undefined) return;
  const selector = labelSelectorFromObject(budget.spec?.selector);
  const selected = context
    .lister(pods)
    .list(namespace)
    .filter((pod) => selector.matches(pod.metadata?.labels ?? {}));
  if (selected.length === 0) {
    context.recorder.event(budget, "Normal", "NoPods", "No matching pods found");
  }
  try {
    await writeStatus(budget, selected, context);
  } catch (error) {
    await failSafe(budget, messageOf(error), context);
    throw error;
  }
}

async function writeStatus(
  budget: PodDisruptionBudget,
  selected: readonly Pod[],
  context: ControllerContext,
): Promise<void> {
  const { expected, desiredHealthy, unmanaged } = expectationOf(budget, selected, context);
  if (unmanaged.length > 0 && budget.spec?.maxUnavailable !== undefined) {
    const message = `Pods selected by this PodDisruptionBudget (selector: ${labelSelectorFromObject(budget.spec.selector).toString()}) were found to be unmanaged. As a result, the status of the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please set ".spec.minAvailable" field of the PDB to an integer value.`;
    context.recorder.event(budget, "Warning", "UnmanagedPods", message);
  }
  const disruptedPods = stillDisrupted(budget, selected, context);
  const healthy = selected.filter(
    (pod) => isPodActive(pod) && isPodReady(pod) && valueAt(disruptedPods, pod.metadata?.name ?? "") === undefined,
  ).length;
  const allowed = expected === 0 ? 0 : Math.max(0, healthy - desiredHealthy);
  const status = {
    ...budget.status,
    currentHealthy: healthy,
    desiredHealthy,
    expectedPods: expected,
    disruptionsAllowed: allowed,
    disruptedPods: Object.keys(disruptedPods).length === 0 ? undefined : disruptedPods,
    observedGeneration: budget.metadata?.generation ?? 0,
    conditions: withAllowed(budget, allowed > 0, allowed > 0 ? "SufficientPods" : "InsufficientPods", "", context),
  };
  if (sameStatus(budget.status, status)) return;
  await context.client.of(podDisruptionBudgets).updateStatus({ ...budget, status });
}

/** Evictions on their way; a pod that stayed for too long counts as healthy again. */
function stillDisrupted(
  budget: PodDisruptionBudget,
  selected: readonly Pod[],
  context: ControllerContext,
): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, since] of Object.entries(budget.status?.disruptedPods ?? {})) {
    const pod = selected.find(({ metadata }) => metadata?.name === name);
    const left = Date.parse(since) + deletionTimeoutMs - context.clock.now();
    if (pod === undefined || pod.metadata?.deletionTimestamp !== undefined) continue;
    if (left <= 0) {
      const message = `Pod ${pod.metadata?.namespace}/${name} was expected by PDB ${budget.metadata?.namespace}/${budget.metadata?.name} to be deleted but it wasn't`;
      context.recorder.event(pod, "Warning", "NotDeleted", message);
      continue;
    }
    kept[name] = since;
    context.enqueue(objectKey(budget), left);
  }
  return kept;
}

type Conditions = NonNullable<NonNullable<PodDisruptionBudget["status"]>["conditions"]>;

function withAllowed(
  budget: PodDisruptionBudget,
  allowed: boolean,
  reason: string,
  message: string,
  { clock }: ControllerContext,
): Conditions {
  const present = budget.status?.conditions ?? [];
  const type = "DisruptionAllowed";
  const status = allowed ? "True" : "False";
  const old = present.find((condition) => condition.type === type);
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : formatTime(clock.now());
  const observedGeneration = budget.metadata?.generation ?? 0;
  return [
    ...present.filter((condition) => condition !== old),
    { type, status, reason, message, lastTransitionTime, observedGeneration },
  ];
}

/** Where the numbers cannot be known nothing may be evicted. */
async function failSafe(budget: PodDisruptionBudget, message: string, context: ControllerContext): Promise<void> {
  const conditions = withAllowed(budget, false, "SyncFailed", message, context);
  const { currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = budget.status ?? {};
  const status = { ...budget.status, currentHealthy, desiredHealthy, expectedPods, disruptionsAllowed: 0, conditions };
  if (sameStatus(budget.status, status)) return;
  await context.client.of(podDisruptionBudgets).updateStatus({ ...budget, status });
}
