import { isPodFinished, isPodReady } from "../../kinds/core/pod/pod-state.ts";
import type { DaemonSet } from "../../kinds/generated/apps-v1.ts";
import type { Node, Pod } from "../../kinds/generated/core-v1.ts";
import { scaledValue } from "../../machinery/int-or-string.ts";
import { byCreation } from "../framework/controller-reference.ts";
import { revisionHashLabel } from "../framework/history.ts";
import { isPodAvailable } from "../framework/pods.ts";
import { createPlacement, type Placement, targetNode } from "./placement.ts";

export interface DaemonState {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** Pods of the set by node, those that are being deleted included. */
  readonly podsByNode: ReadonlyMap<string, readonly Pod[]>;
  readonly placements: ReadonlyMap<string, Placement>;
  readonly hash: string;
  readonly now: number;
}

export interface DaemonPlan {
  /** Names of nodes that need a pod. */
  readonly create: string[];
  readonly remove: Pod[];
  /** Failed pods among `remove`. */
  readonly failed: Pod[];
}

/** The state that plans are made from; `rest` is the hash of the present template and the time, in milliseconds. */
export function observe(
  set: DaemonSet,
  nodes: readonly Node[],
  pods: readonly Pod[],
  rest: { hash: string; now: number },
): DaemonState {
  const place = createPlacement(set);
  return {
    set,
    nodes,
    podsByNode: Map.groupBy(pods, targetNode),
    placements: new Map(nodes.map((node) => [node.metadata?.name ?? "", place(node)])),
    ...rest,
  };
}

const deleting = (pod: Pod): boolean => pod.metadata?.deletionTimestamp !== undefined;
export const isUpdated = (pod: Pod, { hash }: Pick<DaemonState, "hash">): boolean =>
  pod.metadata?.labels?.[revisionHashLabel] === hash;
const isAvailable = (pod: Pod, { set, now }: DaemonState): boolean =>
  isPodAvailable(pod, set.spec?.minReadySeconds ?? 0, now);

/** One pod on each node that should have one, none elsewhere; failed ones are replaced. */
export function planPlacement(state: DaemonState): DaemonPlan {
  const plan: DaemonPlan = { create: [], remove: [], failed: [] };
  for (const [name, { shouldRun, shouldContinue }] of state.placements) {
    const pods = state.podsByNode.get(name) ?? [];
    if (shouldRun && pods.length === 0) plan.create.push(name);
    else if (shouldContinue)
      sortOut(
        pods.filter((pod) => !deleting(pod)),
        state,
        plan,
      );
    else plan.remove.push(...pods.filter((pod) => !deleting(pod)));
  }
  return plan;
}

function sortOut(pods: readonly Pod[], state: DaemonState, plan: DaemonPlan): void {
  const running = pods.filter((pod) => {
    if (pod.status?.phase === "Failed") plan.failed.push(pod);
    return !isPodFinished(pod);
  });
  plan.remove.push(...pods.filter(isPodFinished));
  const ordered = [...running].sort((a, b) => Number(isPodReady(b)) - Number(isPodReady(a)) || byCreation(a, b));
  const { surge } = limits(state);
  const fresh = ordered.filter((pod) => isUpdated(pod, state));
  const old = ordered.filter((pod) => !isUpdated(pod, state));
  // While surging, an old and a new pod share the node until the new one is available.
  if (surge > 0 && fresh.length > 0 && old.length > 0) {
    plan.remove.push(...fresh.slice(1), ...old.slice(1));
    if (isAvailable(fresh[0] as Pod, state)) plan.remove.push(old[0] as Pod);
  } else plan.remove.push(...ordered.slice(1));
}

function limits({ set, placements }: DaemonState): { unavailable: number; surge: number } {
  const desired = [...placements.values()].filter(({ shouldRun }) => shouldRun).length;
  const { maxUnavailable = 1, maxSurge = 0 } = set.spec?.updateStrategy?.rollingUpdate ?? {};
  const surge = scaledValue(maxSurge, desired, true);
  const unavailable = scaledValue(maxUnavailable, desired, true);
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** Old pods to delete, or nodes to add a new pod to, so that no more are unavailable than allowed. */
export function planRollingUpdate(state: DaemonState): DaemonPlan {
  const plan: DaemonPlan = { create: [], remove: [], failed: [] };
  const { unavailable, surge } = limits(state);
  const wanted = [...state.placements].filter(([, { shouldRun }]) => shouldRun).map(([name]) => name);
  const perNode = wanted.map((name) => {
    const live = (state.podsByNode.get(name) ?? []).filter((pod) => !deleting(pod));
    return { name, old: live.find((pod) => !isUpdated(pod, state)), fresh: live.find((pod) => isUpdated(pod, state)) };
  });
  if (surge > 0) {
    let room =
      surge -
      perNode.filter(({ old, fresh }) => fresh !== undefined && (old !== undefined || !isAvailable(fresh, state)))
        .length;
    for (const { name, old, fresh } of perNode) {
      if (old === undefined || fresh !== undefined) continue;
      // An old pod that serves nobody makes way at once.
      if (!isAvailable(old, state)) plan.remove.push(old);
      else if (room-- > 0) plan.create.push(name);
    }
    return plan;
  }
  let down = perNode.filter(
    ({ old, fresh }) => ![old, fresh].some((pod) => pod !== undefined && isAvailable(pod, state)),
  ).length;
  for (const { old, fresh } of perNode) {
    if (old === undefined || fresh !== undefined) continue;
    if (!isAvailable(old, state)) plan.remove.push(old);
    else if (down < unavailable) {
      plan.remove.push(old);
      down++;
    }
  }
  return plan;
}

/** The counts of the status. Of two pods on a node, while surging, the older one counts. */
export function daemonStatus(
  state: DaemonState,
): Required<
  Pick<
    NonNullable<DaemonSet["status"]>,
    | "desiredNumberScheduled"
    | "currentNumberScheduled"
    | "numberMisscheduled"
    | "numberReady"
    | "numberAvailable"
    | "numberUnavailable"
    | "updatedNumberScheduled"
  >
> {
  const status = {
    desiredNumberScheduled: 0,
    currentNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
    numberAvailable: 0,
    numberUnavailable: 0,
    updatedNumberScheduled: 0,
  };
  for (const [name, { shouldRun }] of state.placements) {
    const pods = [...(state.podsByNode.get(name) ?? [])].sort(byCreation);
    if (!shouldRun) {
      if (pods.length > 0) status.numberMisscheduled++;
      continue;
    }
    status.desiredNumberScheduled++;
    const [oldest] = pods;
    if (oldest === undefined) continue;
    status.currentNumberScheduled++;
    if (isPodReady(oldest)) status.numberReady++;
    if (isAvailable(oldest, state)) status.numberAvailable++;
    if (isUpdated(oldest, state)) status.updatedNumberScheduled++;
  }
  status.numberUnavailable = status.desiredNumberScheduled - status.numberAvailable;
  return status;
}
