import { namespaces } from "../../../client/resources.ts";
import { valueAt } from "../../../machinery/meta/accessors.ts";
import type { LabelSelector } from "../../../machinery/selectors/label-selector.ts";
import { type AffinityTerm, type CarriedTerms, matchesTerm } from "../../cache/affinity-terms.ts";
import type { MatchCounter } from "../../cache/match-counter.ts";
import type { NodeInfo } from "../../cache/node-info.ts";
import type { PodInfo } from "../../cache/pod-info.ts";
import type { SchedulerCache } from "../../cache/scheduler-cache.ts";
import {
  maximumScore,
  type NodeFilter,
  type NodeScorer,
  type Plugin,
  type PluginHandle,
} from "../../framework/types.ts";
import { TopologyCounts } from "./topology-counts.ts";

/** What both halves of the plugin look at. */
interface Surroundings {
  readonly cache: SchedulerCache;
  namespaceLabels(namespace: string): Readonly<Record<string, string>>;
  /** The placed pods that all of `terms` speak of, by node. */
  matching(terms: readonly AffinityTerm[]): MatchCounter;
}

/** Upstream's default weight of an existing pod's required affinity towards the incoming one. */
const hardAffinityWeight = 1;

/** Pod affinity and anti-affinity, of the incoming pod and of those that run already. */
export function createInterPodAffinity({ cache, informers }: PluginHandle): Plugin {
  const lister = informers.of(namespaces).lister;
  const namespaceLabels = (name: string): Readonly<Record<string, string>> => lister.get(name)?.metadata?.labels ?? {};
  const namesOf = (selector: LabelSelector): string[] =>
    lister.list().flatMap(({ metadata }) => (selector.matches(metadata?.labels ?? {}) ? [metadata?.name ?? ""] : []));
  const surroundings: Surroundings = {
    cache,
    namespaceLabels,
    matching(terms) {
      // By name, and in the key, since a counter does not see that labels of namespaces change.
      const resolved = terms.map((term) => {
        const names = term.namespaceSelector === undefined ? [] : namesOf(term.namespaceSelector);
        return { ...term, namespaces: new Set([...term.namespaces, ...names]), namespaceSelector: undefined };
      });
      const key = `affinity ${JSON.stringify(resolved.map(({ id, namespaces }) => [id, ...namespaces]))}`;
      return cache.counters.get(key, (other) => resolved.every((term) => matchesTerm(term, other, namespaceLabels)));
    },
  };
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
    filter: (pod) => prepareFilter(pod, surroundings),
    scorer: (pod, nodes) => prepareScorer(pod, nodes, surroundings),
  };
}

function prepareFilter(pod: PodInfo, { cache, namespaceLabels, matching }: Surroundings): NodeFilter | undefined {
  const existing = new TopologyCounts();
  for (const { term, nodes } of cache.terms.requiredAntiAffinity.about(pod, namespaceLabels)) {
    for (const [node, count] of nodes) existing.add(node, term.topologyKey, count);
  }
  const { requiredAffinity, requiredAntiAffinity } = pod;
  if (existing.empty && requiredAffinity.length === 0 && requiredAntiAffinity.length === 0) return undefined;
  const affinity = new TopologyCounts();
  if (requiredAffinity.length > 0) {
    const counter = matching(requiredAffinity);
    for (const term of requiredAffinity) addCounted(affinity, term.topologyKey, counter, 1, cache);
  }
  const antiAffinity = requiredAntiAffinity.map((term) => {
    const counts = new TopologyCounts();
    addCounted(counts, term.topologyKey, matching([term]), 1, cache);
    return { topologyKey: term.topologyKey, counts };
  });
  // The first of a group of pods that want to be together has nobody to join.
  const mayBeFirst =
    affinity.empty &&
    requiredAffinity.length > 0 &&
    requiredAffinity.every((term) => matchesTerm(term, pod, namespaceLabels));
  return (node) => {
    for (const { topologyKey } of requiredAffinity) {
      if (valueAt(node.labels, topologyKey) === undefined || !(mayBeFirst || affinity.at(node, topologyKey) > 0)) {
        return { reasons: ["node(s) didn't match pod affinity rules"], unresolvable: true };
      }
    }
    if (antiAffinity.some(({ topologyKey, counts }) => counts.at(node, topologyKey) > 0)) {
      return { reasons: ["node(s) didn't match pod anti-affinity rules"] };
    }
    if (existing.topologyKeys.some((key) => existing.at(node, key) > 0)) {
      return { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"] };
    }
    return undefined;
  };
}

function addCounted(
  counts: TopologyCounts,
  topologyKey: string,
  counter: MatchCounter,
  weight: number,
  cache: SchedulerCache,
): void {
  for (const [name, count] of counter) {
    const node = cache.node(name);
    if (node !== undefined) counts.add(node, topologyKey, count * weight);
  }
}

function prepareScorer(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  { cache, namespaceLabels, matching }: Surroundings,
): NodeScorer | undefined {
  const scores = new TopologyCounts();
  const addOwn = (terms: readonly AffinityTerm[], sign: 1 | -1): void => {
    for (const term of terms) addCounted(scores, term.topologyKey, matching([term]), sign * term.weight, cache);
  };
  const addCarried = (terms: CarriedTerms, weightOf: (term: AffinityTerm) => number): void => {
    for (const { term, nodes: carriers } of terms.about(pod, namespaceLabels)) {
      for (const [node, count] of carriers) scores.add(node, term.topologyKey, count * weightOf(term));
    }
  };
  addOwn(pod.preferredAffinity, 1);
  addOwn(pod.preferredAntiAffinity, -1);
  addCarried(cache.terms.requiredAffinity, () => hardAffinityWeight);
  addCarried(cache.terms.preferredAffinity, ({ weight }) => weight);
  addCarried(cache.terms.preferredAntiAffinity, ({ weight }) => -weight);
  if (scores.empty || nodes.length === 0) return undefined;
  const { topologyKeys } = scores;
  return {
    score: (node) => topologyKeys.reduce((sum, key) => sum + scores.at(node, key), 0),
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
