import { valueAt } from "../../../machinery/meta/accessors.ts";
import { type LabelSelector, matchNoLabels } from "../../../machinery/selectors/label-selector.ts";
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
import { constraintsOf, defaultConstraints, hostname, type SpreadConstraint } from "./constraints.ts";

/** Spreads pods over zones, nodes and other topologies: hard constraints filter, soft ones and defaults score. */
export function createPodTopologySpread({ cache, informers }: PluginHandle): Plugin {
  return {
    name: "PodTopologySpread",
    weight: 2,
    events: [
      "node-added",
      "node-labels",
      "node-taints",
      "assigned-pod-added",
      "assigned-pod-updated",
      "assigned-pod-deleted",
      "pod-updated",
    ],
    filter(pod) {
      const constraints = constraintsOf(pod, "DoNotSchedule");
      return constraints.length === 0 ? undefined : prepareFilter(pod, constraints, cache);
    },
    scorer(pod, nodes) {
      const defaulted = (pod.pod.spec?.topologySpreadConstraints ?? []).length === 0;
      const constraints = defaulted ? defaultConstraints(pod, informers) : constraintsOf(pod, "ScheduleAnyway");
      return constraints.length === 0 ? undefined : prepareScorer({ pod, nodes, constraints, defaulted }, cache);
    },
  };
}

const hasAllKeys = (node: NodeInfo, constraints: readonly SpreadConstraint[]): boolean =>
  constraints.every(({ topologyKey }) => valueAt(node.labels, topologyKey) !== undefined);

/** Pods that a constraint counts, by node; those that are being deleted are not among them. */
function matchingPods(cache: SchedulerCache, namespace: string, selector: LabelSelector): MatchCounter {
  const key = JSON.stringify(["spread", namespace, selector === matchNoLabels, selector.toString()]);
  return cache.counters.get(
    key,
    (pod) =>
      pod.namespace === namespace && pod.pod.metadata?.deletionTimestamp === undefined && selector.matches(pod.labels),
  );
}

function prepareFilter(pod: PodInfo, constraints: readonly SpreadConstraint[], cache: SchedulerCache): NodeFilter {
  const eligible = cache.nodes.filter((node) => hasAllKeys(node, constraints));
  const states = constraints.map((constraint) => {
    const counter = matchingPods(cache, pod.namespace, constraint.selector);
    const domains = new Map<string, number>();
    for (const node of eligible) {
      if (!constraint.counts(node)) continue;
      const value = valueAt(node.labels, constraint.topologyKey) as string;
      domains.set(value, (domains.get(value) ?? 0) + counter.on(node.name));
    }
    let least = domains.size < constraint.minDomains ? 0 : Number.POSITIVE_INFINITY;
    for (const count of domains.values()) least = Math.min(least, count);
    return { constraint, domains, least, self: constraint.selector.matches(pod.labels) ? 1 : 0 };
  });
  return (node) => {
    for (const { constraint, domains, least, self } of states) {
      const value = valueAt(node.labels, constraint.topologyKey);
      if (value === undefined) {
        const reason = "node(s) didn't match pod topology spread constraints (missing required label)";
        return { reasons: [reason], unresolvable: true };
      }
      if ((domains.get(value) ?? 0) + self - least > constraint.maxSkew) {
        return { reasons: ["node(s) didn't match pod topology spread constraints"] };
      }
    }
    return undefined;
  };
}

interface Scoring {
  readonly pod: PodInfo;
  readonly nodes: readonly NodeInfo[];
  readonly constraints: readonly SpreadConstraint[];
  /** System defaults do not ask that a node has every topology label. */
  readonly defaulted: boolean;
}

function prepareScorer({ pod, nodes, constraints, defaulted }: Scoring, cache: SchedulerCache): NodeScorer {
  const ignored = new Set(defaulted ? [] : nodes.filter((node) => !hasAllKeys(node, constraints)));
  const considered = nodes.filter((node) => !ignored.has(node));
  const states = constraints.map((constraint) => {
    const counter = matchingPods(cache, pod.namespace, constraint.selector);
    const perNode = constraint.topologyKey === hostname;
    const domains = new Map<string, number>();
    if (!perNode) {
      for (const node of considered) domains.set(valueAt(node.labels, constraint.topologyKey) ?? "", 0);
      for (const node of cache.nodes) {
        const value = valueAt(node.labels, constraint.topologyKey) ?? "";
        const count = domains.get(value);
        if (count === undefined || !constraint.counts(node)) continue;
        if (!defaulted && !hasAllKeys(node, constraints)) continue;
        domains.set(value, count + counter.on(node.name));
      }
    }
    const size = perNode ? considered.length : domains.size;
    return { constraint, counter, perNode, domains, weight: Math.log(size + 2) };
  });
  const invalid = -1;
  return {
    score(node) {
      if (ignored.has(node)) return invalid;
      let sum = 0;
      for (const { constraint, counter, perNode, domains, weight } of states) {
        const value = valueAt(node.labels, constraint.topologyKey);
        if (value === undefined) continue;
        const count = perNode ? counter.on(node.name) : (domains.get(value) ?? 0);
        sum += count * weight + constraint.maxSkew - 1;
      }
      return Math.round(sum);
    },
    normalize: (scores) => normalize(scores, invalid),
  };
}

/** The fewer matching pods the better; ignored nodes get nothing. */
function normalize(scores: Float64Array, invalid: number): void {
  let least = Number.POSITIVE_INFINITY;
  let greatest = 0;
  for (const score of scores) {
    if (score === invalid) continue;
    least = Math.min(least, score);
    greatest = Math.max(greatest, score);
  }
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    if (score === invalid) scores[i] = 0;
    else if (greatest === 0) scores[i] = maximumScore;
    else scores[i] = Math.floor((maximumScore * (greatest + least - score)) / greatest);
  }
}
