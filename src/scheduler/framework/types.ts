/**
 * The scheduling framework: what a plugin may answer at each point of a scheduling cycle. A plugin prepares itself for
 * one pod (upstream's PreFilter and PreScore) and returns functions that are then called for each node.
 */
import type { Client, Informers } from "../../client/types.ts";
import type { Clock } from "../../lib/clock.ts";
import type { NodeInfo } from "../cache/node-info.ts";
import type { PodInfo } from "../cache/pod-info.ts";
import type { SchedulerCache } from "../cache/scheduler-cache.ts";

/** Why a pod cannot run on a node, or anywhere. */
export interface Rejection {
  readonly reasons: readonly string[];
  /** No removal of other pods would help. */
  readonly unresolvable?: boolean;
}

export type NodeFilter = (node: NodeInfo) => Rejection | undefined;

export interface NodeScorer {
  score(node: NodeInfo): number;
  /** Brings raw scores to 0…100, in place. Without it they are taken as they are. */
  normalize?(scores: Float64Array): void;
}

/** What happens in the cluster that may make a rejected pod schedulable. */
export type ClusterEvent =
  | "node-added"
  | "node-allocatable"
  | "node-labels"
  | "node-taints"
  | "assigned-pod-added"
  | "assigned-pod-updated"
  | "assigned-pod-deleted"
  | "volume"
  | "namespace"
  | "pod-updated";

/** What plugins are made from. */
export interface PluginHandle {
  readonly client: Client;
  readonly informers: Informers;
  readonly cache: SchedulerCache;
  readonly clock: Clock;
}

export interface Plugin {
  /** Upstream's name, `NodeResourcesFit`. */
  readonly name: string;
  /** Share in the sum of scores. Default 1. */
  readonly weight?: number;
  /** Events upon which pods that this plugin rejected are tried again. */
  readonly events: readonly ClusterEvent[];
  /** Keeps a pod out of the queue altogether. */
  preEnqueue?(pod: PodInfo): Rejection | undefined;
  /** Undefined: the pod does not concern the plugin. A Rejection: no node will do. */
  filter?(pod: PodInfo): NodeFilter | Rejection | undefined;
  /** `nodes` passed the filters. Undefined: nothing to say. */
  scorer?(pod: PodInfo, nodes: readonly NodeInfo[]): NodeScorer | undefined;
  /** Runs before binding, outside the scheduling cycle; throws to give up. `signal` ends with the scheduler. */
  preBind?(pod: PodInfo, nodeName: string, signal: AbortSignal): Promise<void>;
}

export const maximumScore = 100;

export const isRejection = (value: NodeFilter | Rejection): value is Rejection => typeof value !== "function";

/** helper.DefaultNormalizeScore: scales so that the greatest raw score is 100; `reverse` for the less the better. */
export function normalizeScores(scores: Float64Array, reverse: boolean): void {
  let greatest = 0;
  for (const score of scores) greatest = Math.max(greatest, score);
  for (let i = 0; i < scores.length; i++) {
    const scaled = greatest === 0 ? 0 : Math.floor((maximumScore * (scores[i] as number)) / greatest);
    scores[i] = reverse ? maximumScore - scaled : scaled;
  }
}
