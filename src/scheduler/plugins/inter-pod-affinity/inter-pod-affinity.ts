import { namespaces } from "../../../client/resources.ts";
import type { NodeInfo } from "../../cache/node-info.ts";
import { type AffinityTerm, matchesTerm, type PodInfo } from "../../cache/pod-info.ts";
import type { SchedulerCache } from "../../cache/scheduler-cache.ts";
import {
  maximumScore,
  type NodeFilter,
  type NodeScorer,
  type Plugin,
  type PluginHandle,
} from "../../framework/types.ts";

type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;
/** `key\nvalue` of a topology to a number of pods or a score. */
type TopologyCounts = Map<string, number>;

/** Upstream's default weight of an existing pod's required affinity towards the incoming one. */
const hardAffinityWeight = 1;

/** Pod affinity and anti-affinity, of the incoming pod and of those that run already. */
export function createInterPodAffinity({ cache, informers }: PluginHandle): Plugin {
  const lister = informers.of(namespaces).lister;
  const namespaceLabels: NamespaceLabels = (name) => lister.get(name)?.metadata?.labels ?? {};
  return {
    name: "InterPodAffinity",
    weight: 2,
    events: [
      "node-added",
      "node-labels",
      "assigned-pod-added",
      "assigned-pod-updated",
      "assigned-pod-deleted",
      "namespace",
      "pod-updated",
    ],
    filter: (pod) => prepareFilter(pod, cache, namespaceLabels),
    scorer: (pod, nodes) => prepareScorer(pod, nodes, cache, namespaceLabels),
  };
}

const pair = (key: string, value: string): string => `${key}\n${value}`;

function add(counts: TopologyCounts, node: NodeInfo, key: string, amount: number): void {
  const value = node.labels[key];
  if (value === undefined || amount === 0) return;
  counts.set(pair(key, value), (counts.get(pair(key, value)) ?? 0) + amount);
}

function prepareFilter(pod: PodInfo, cache: SchedulerCache, namespaceLabels: NamespaceLabels): NodeFilter | undefined {
  const existing: TopologyCounts = new Map();
  for (const node of cache.nodesWithRequiredAntiAffinity) {
    for (const other of node.podsWithRequiredAntiAffinity) {
      for (const term of other.requiredAntiAffinity) {
        if (matchesTerm(term, pod, namespaceLabels)) add(existing, node, term.topologyKey, 1);
      }
    }
  }
  const { requiredAffinity, requiredAntiAffinity } = pod;
  if (existing.size === 0 && requiredAffinity.length === 0 && requiredAntiAffinity.length === 0) return undefined;
  const affinity: TopologyCounts = new Map();
  const antiAffinity: TopologyCounts = new Map();
  const matchesAll = (other: PodInfo): boolean =>
    requiredAffinity.every((term) => matchesTerm(term, other, namespaceLabels));
  if (requiredAffinity.length > 0 || requiredAntiAffinity.length > 0) {
    for (const node of cache.nodes) {
      for (const other of node.pods.values()) {
        if (requiredAffinity.length > 0 && matchesAll(other)) {
          for (const term of requiredAffinity) add(affinity, node, term.topologyKey, 1);
        }
        for (const term of requiredAntiAffinity) {
          if (matchesTerm(term, other, namespaceLabels)) add(antiAffinity, node, term.topologyKey, 1);
        }
      }
    }
  }
  // The first of a group of pods that want to be together has nobody to join.
  const mayBeFirst = affinity.size === 0 && requiredAffinity.length > 0 && matchesAll(pod);
  const has = (counts: TopologyCounts, node: NodeInfo, { topologyKey }: AffinityTerm): boolean =>
    (counts.get(pair(topologyKey, node.labels[topologyKey] ?? "")) ?? 0) > 0;
  return (node) => {
    for (const term of requiredAffinity) {
      if (node.labels[term.topologyKey] === undefined || !(mayBeFirst || has(affinity, node, term))) {
        return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true };
      }
    }
    if (
      requiredAntiAffinity.some((term) => node.labels[term.topologyKey] !== undefined && has(antiAffinity, node, term))
    ) {
      return { reasons: ["node(s) didn't match pod anti-affinity rules"] };
    }
    if (existing.size === 0) return undefined;
    for (const [key, value] of Object.entries(node.labels)) {
      if (existing.has(pair(key, value))) {
        return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] };
      }
    }
    return undefined;
  };
}

function prepareScorer(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  cache: SchedulerCache,
  namespaceLabels: NamespaceLabels,
): NodeScorer | undefined {
  const own = pod.preferredAffinity.length > 0 || pod.preferredAntiAffinity.length > 0;
  const scores: TopologyCounts = new Map();
  const consider = (node: NodeInfo, other: PodInfo): void => {
    const apply = (terms: readonly AffinityTerm[], target: PodInfo, sign: number, weight?: number): void => {
      for (const term of terms) {
        if (matchesTerm(term, target, namespaceLabels)) {
          add(scores, node, term.topologyKey, sign * (weight ?? term.weight));
        }
      }
    };
    apply(pod.preferredAffinity, other, 1);
    apply(pod.preferredAntiAffinity, other, -1);
    apply(other.requiredAffinity, pod, 1, hardAffinityWeight);
    apply(other.preferredAffinity, pod, 1);
    apply(other.preferredAntiAffinity, pod, -1);
  };
  if (own) for (const node of cache.nodes) for (const other of node.pods.values()) consider(node, other);
  else for (const node of cache.nodesWithAffinity) for (const other of node.podsWithAffinity) consider(node, other);
  if (scores.size === 0 || nodes.length === 0) return undefined;
  const keys = new Set([...scores.keys()].map((text) => text.slice(0, text.indexOf("\n"))));
  return {
    score(node) {
      let sum = 0;
      for (const key of keys) sum += scores.get(pair(key, node.labels[key] ?? "")) ?? 0;
      return sum;
    },
    normalize: normalizeToRange,
  };
}

/** From least to greatest, 0 to 100: raw scores may be negative. */
function normalizeToRange(scores: Float64Array): void {
  const least = Math.min(...scores);
  const range = Math.max(...scores) - least;
  for (let i = 0; i < scores.length; i++) {
    scores[i] = range === 0 ? 0 : Math.floor((maximumScore * ((scores[i] as number) - least)) / range);
  }
}
