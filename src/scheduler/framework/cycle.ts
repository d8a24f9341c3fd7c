/**
 * One scheduling cycle for one pod: filter nodes until enough fit, score those, choose. Synchronous, so that the cache
 * stands still; upstream's sampling of nodes is kept.
 */
import type { NodeInfo } from "../cache/node-info.ts";
import type { PodInfo } from "../cache/pod-info.ts";
import type { SchedulerCache } from "../cache/scheduler-cache.ts";
import type { Diagnosis } from "./fit-error.ts";
import { isRejection, type NodeFilter, type Plugin, type Rejection } from "./types.ts";

const minimumFeasible = 100;
const minimumPercentage = 5;

/** How many fitting nodes are enough (percentageOfNodesToScore 0: 50 %, less in large clusters, at least 100). */
export function feasibleNodesWanted(nodeCount: number): number {
  if (nodeCount < minimumFeasible) return nodeCount;
  const percentage = Math.max(minimumPercentage, 50 - Math.floor(nodeCount / 125));
  return Math.max(minimumFeasible, Math.floor((nodeCount * percentage) / 100));
}

export interface PreparedFilter {
  readonly plugin: string;
  readonly filter: NodeFilter;
}

export type Preparation =
  | { readonly filters: readonly PreparedFilter[] }
  | { readonly rejection: Rejection; readonly plugin: string };

/** Lets every plugin look at the pod once; the first that rules out all nodes ends it. */
export function prepareFilters(pod: PodInfo, plugins: readonly Plugin[]): Preparation {
  const filters: PreparedFilter[] = [];
  for (const plugin of plugins) {
    const prepared = plugin.filter?.(pod);
    if (prepared === undefined) continue;
    if (isRejection(prepared)) return { rejection: prepared, plugin: plugin.name };
    filters.push({ plugin: plugin.name, filter: prepared });
  }
  return { filters };
}

/** The first rejection of a node, with the plugin that gave it; undefined where the pod fits. */
export function runFilters(
  node: NodeInfo,
  filters: readonly PreparedFilter[],
): (Rejection & { readonly plugin: string }) | undefined {
  for (const { plugin, filter } of filters) {
    const rejection = filter(node);
    if (rejection !== undefined) return { ...rejection, plugin };
  }
  return undefined;
}

export type CycleResult = { readonly node: NodeInfo } | { readonly diagnosis: Diagnosis };

/** Pods that preemption has made room for on a node: filters count them as if they were there. */
export type NominatedPods = (node: NodeInfo, pod: PodInfo) => readonly PodInfo[];

export class SchedulingCycle {
  readonly #cache: SchedulerCache;
  readonly #plugins: readonly Plugin[];
  readonly #nominated: NominatedPods;
  #nextStart = 0;

  constructor(cache: SchedulerCache, plugins: readonly Plugin[], nominated: NominatedPods) {
    this.#cache = cache;
    this.#plugins = plugins;
    this.#nominated = nominated;
  }

  run(pod: PodInfo): CycleResult {
    const nodes = this.#cache.nodes;
    const rejections = new Map<string, Rejection>();
    const blocking = new Set<string>();
    const diagnosis = { nodeCount: nodes.length, nodes: rejections, everywhere: undefined, plugins: blocking };
    const preparation = prepareFilters(pod, this.#plugins);
    if ("rejection" in preparation) {
      blocking.add(preparation.plugin);
      return { diagnosis: { ...diagnosis, everywhere: preparation.rejection } };
    }
    const { filters } = preparation;
    const nominatedNode = this.#cache.node(pod.pod.status?.nominatedNodeName ?? "");
    if (nominatedNode !== undefined && this.#check(nominatedNode, pod, filters) === undefined) {
      return { node: nominatedNode };
    }
    const feasible: NodeInfo[] = [];
    const wanted = feasibleNodesWanted(nodes.length);
    let visited = 0;
    for (; visited < nodes.length && feasible.length < wanted; visited++) {
      const node = nodes[(this.#nextStart + visited) % nodes.length] as NodeInfo;
      const rejection = this.#check(node, pod, filters);
      if (rejection === undefined) feasible.push(node);
      else {
        rejections.set(node.name, rejection);
        blocking.add(rejection.plugin);
      }
    }
    if (nodes.length > 0) this.#nextStart = (this.#nextStart + visited) % nodes.length;
    if (feasible.length === 0) return { diagnosis };
    return { node: feasible.length === 1 ? (feasible[0] as NodeInfo) : this.#choose(pod, feasible) };
  }

  /** Why the pod does not fit on the node as the cache has it now, beside those nominated there; undefined: it fits. */
  explain(node: NodeInfo, pod: PodInfo): Rejection | undefined {
    const preparation = prepareFilters(pod, this.#plugins);
    return "filters" in preparation ? this.#check(node, pod, preparation.filters) : preparation.rejection;
  }

  #check(node: NodeInfo, pod: PodInfo, filters: readonly PreparedFilter[]): ReturnType<typeof runFilters> {
    const nominated = this.#nominated(node, pod);
    if (nominated.length > 0) {
      for (const other of nominated) this.#cache.place(other, node.name);
      // What others count across nodes may have changed with them.
      const preparation = prepareFilters(pod, this.#plugins);
      const rejection = "filters" in preparation ? runFilters(node, preparation.filters) : preparation.rejection;
      for (const other of nominated) this.#cache.removePod(other.uid);
      if (rejection !== undefined) return { plugin: "NodeResourcesFit", ...rejection };
    }
    return runFilters(node, filters);
  }

  /** The node of the greatest weighted score, at random among equals. */
  #choose(pod: PodInfo, nodes: readonly NodeInfo[]): NodeInfo {
    const totals = new Float64Array(nodes.length);
    const scores = new Float64Array(nodes.length);
    for (const plugin of this.#plugins) {
      const scorer = plugin.scorer?.(pod, nodes);
      if (scorer === undefined) continue;
      for (let i = 0; i < nodes.length; i++) scores[i] = scorer.score(nodes[i] as NodeInfo);
      scorer.normalize?.(scores);
      const weight = plugin.weight ?? 1;
      for (let i = 0; i < nodes.length; i++) (totals[i] as number) += weight * (scores[i] as number);
    }
    let best = 0;
    let equals = 1;
    for (let i = 1; i < nodes.length; i++) {
      const difference = (totals[i] as number) - (totals[best] as number);
      if (difference > 0) [best, equals] = [i, 1];
      else if (difference === 0 && Math.random() < 1 / ++equals) best = i;
    }
    return nodes[best] as NodeInfo;
  }
}
