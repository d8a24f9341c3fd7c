/**
 * DefaultPreemption: finds the node on which removing the least important pods of lower priority makes room for a pod
 * that fits nowhere. Reads and, for the time of the search, changes the cache (put back before it returns); the
 * scheduling loop carries the outcome out.
 */

import { podDisruptionBudgets } from "../../client/resources.ts";
import type { Informers } from "../../client/types.ts";
import type { PodDisruptionBudget } from "../../kinds/generated/policy-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import type { NodeInfo } from "../cache/node-info.ts";
import type { PodInfo } from "../cache/pod-info.ts";
import type { SchedulerCache } from "../cache/scheduler-cache.ts";
import type { SchedulingCycle } from "../framework/cycle.ts";
import { type Diagnosis, fitMessage } from "../framework/fit-error.ts";
import type { Rejection } from "../framework/types.ts";

/** Upstream's minCandidateNodesPercentage and minCandidateNodesAbsolute. */
const minimumCandidatesShare = 0.1;
const minimumCandidates = 100;

export interface Victims {
  readonly node: NodeInfo;
  /** Most important first. */
  readonly pods: readonly PodInfo[];
  readonly budgetViolations: number;
}

export type PreemptionResult = { readonly victims: Victims } | { readonly message: string };

export interface PreemptionEnvironment {
  readonly cache: SchedulerCache;
  readonly cycle: Pick<SchedulingCycle, "explain">;
  readonly informers: Informers;
}

/** `message` is what the FailedScheduling event adds when there is nothing to gain. */
export function findVictims(pod: PodInfo, diagnosis: Diagnosis, environment: PreemptionEnvironment): PreemptionResult {
  const ineligible = whyIneligible(pod, diagnosis, environment.cache);
  if (ineligible !== undefined) return { message: `preemption: ${ineligible}` };
  const { nodes } = environment.cache;
  const statuses = new Map<string, Rejection>();
  const possible = nodes.filter((node) => {
    const rejection = diagnosis.everywhere ?? diagnosis.nodes.get(node.name);
    if (rejection !== undefined && rejection.unresolvable !== true) return true;
    statuses.set(node.name, { reasons: ["Preemption is not helpful for scheduling"] });
    return false;
  });
  const wanted = Math.max(minimumCandidates, Math.floor(nodes.length * minimumCandidatesShare));
  const start = possible.length === 0 ? 0 : Math.floor(Math.random() * possible.length);
  const budgets = environment.informers.of(podDisruptionBudgets).lister.list();
  const candidates: Victims[] = [];
  for (let i = 0; i < possible.length && candidates.length < wanted; i++) {
    const node = possible[(start + i) % possible.length] as NodeInfo;
    const outcome = victimsOn(node, pod, budgets, environment);
    if ("pods" in outcome) candidates.push(outcome);
    else statuses.set(node.name, outcome);
  }
  const best = candidates.sort(compareCandidates)[0];
  if (best !== undefined) return { victims: best };
  return { message: `preemption: ${fitMessage({ nodeCount: nodes.length, nodes: statuses, everywhere: undefined })}` };
}

/** A pod that has preempted waits for its victims, unless the node meanwhile cannot take it for another reason. */
function whyIneligible({ pod, priority }: PodInfo, diagnosis: Diagnosis, cache: SchedulerCache): string | undefined {
  if (pod.spec?.preemptionPolicy === "Never") return "not eligible due to preemptionPolicy=Never.";
  const nominated = pod.status?.nominatedNodeName ?? "";
  if (diagnosis.nodes.get(nominated)?.unresolvable === true) return undefined;
  for (const other of cache.node(nominated)?.pods.values() ?? []) {
    if (other.priority < priority && isLeavingForAnother(other)) {
      return "not eligible due to a terminating pod on the nominated node.";
    }
  }
  return undefined;
}

const isLeavingForAnother = ({ pod }: PodInfo): boolean =>
  pod.metadata?.deletionTimestamp !== undefined &&
  pod.status?.conditions?.some(
    ({ type, status, reason }) =>
      type === "DisruptionTarget" && status === "True" && reason === "PreemptionByScheduler",
  ) === true;

/** Priority first, then who has run longer. */
function moreImportantFirst(a: PodInfo, b: PodInfo): number {
  return b.priority - a.priority || startOf(a).localeCompare(startOf(b));
}

const startOf = ({ pod }: PodInfo): string => pod.status?.startTime ?? pod.metadata?.creationTimestamp ?? "";

function victimsOn(
  node: NodeInfo,
  pod: PodInfo,
  budgets: readonly PodDisruptionBudget[],
  { cache, cycle }: PreemptionEnvironment,
): Victims | Rejection {
  const lower = [...node.pods.values()].filter((other) => other.priority < pod.priority);
  if (lower.length === 0) return { reasons: ["No preemption victims found for incoming pod"] };
  const removed = new Set(lower);
  for (const victim of lower) cache.removePod(victim.uid);
  try {
    const rejection = cycle.explain(node, pod);
    if (rejection !== undefined) return rejection;
    const { violating, others } = splitByBudget(lower.sort(moreImportantFirst), budgets);
    const reprieve = (victim: PodInfo): boolean => {
      cache.place(victim, node.name);
      if (cycle.explain(node, pod) === undefined) return removed.delete(victim);
      cache.removePod(victim.uid);
      return false;
    };
    const budgetViolations = violating.filter((victim) => !reprieve(victim)).length;
    for (const victim of others) reprieve(victim);
    return { node, pods: [...removed].sort(moreImportantFirst), budgetViolations };
  } finally {
    for (const victim of removed) cache.place(victim, node.name);
  }
}

/** Pods whose eviction a PodDisruptionBudget no longer allows, counting those before them in the list. */
function splitByBudget(
  pods: readonly PodInfo[],
  budgets: readonly PodDisruptionBudget[],
): { violating: PodInfo[]; others: PodInfo[] } {
  const left = budgets.map((budget) => budget.status?.disruptionsAllowed ?? 0);
  const violating: PodInfo[] = [];
  const others: PodInfo[] = [];
  for (const pod of pods) {
    let violates = false;
    budgets.forEach((budget, index) => {
      const selector = labelSelectorFromObject(budget.spec?.selector);
      if (budget.metadata?.namespace !== pod.namespace || selector.empty || !selector.matches(pod.labels)) return;
      if (valueAt(budget.status?.disruptedPods, pod.pod.metadata?.name ?? "") !== undefined) return;
      left[index] = (left[index] ?? 0) - 1;
      if ((left[index] ?? 0) < 0) violates = true;
    });
    (violates ? violating : others).push(pod);
  }
  return { violating, others };
}

/** Upstream's pickOneNodeForPreemption: fewest broken budgets, least important victims, fewest, youngest. */
function compareCandidates(a: Victims, b: Victims): number {
  const highest = ({ pods }: Victims): number => pods[0]?.priority ?? Number.NEGATIVE_INFINITY;
  const sum = ({ pods }: Victims): number => pods.reduce((total, { priority }) => total + priority + 2 ** 31, 0);
  const earliest = ({ pods }: Victims): string =>
    pods
      .filter(({ priority }) => priority === pods[0]?.priority)
      .map(startOf)
      .sort()[0] ?? "";
  return (
    a.budgetViolations - b.budgetViolations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.pods.length - b.pods.length ||
    earliest(b).localeCompare(earliest(a))
  );
}
