import type { LabelSelector } from "../../machinery/selectors/label-selector.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";

/**
 * How many pods of a namespace that match a selector each node runs, kept up to date while the counter is in use: a
 * spread constraint then costs one look per node, not one per pod. Pods that are being deleted do not count.
 */
export class MatchCounter {
  readonly #namespace: string;
  readonly #selector: LabelSelector;
  readonly #counts = new Map<string, number>();

  constructor(namespace: string, selector: LabelSelector, nodes: Iterable<NodeInfo>) {
    this.#namespace = namespace;
    this.#selector = selector;
    for (const node of nodes) for (const pod of node.pods.values()) this.count(node.name, pod, 1);
  }

  count(node: string, pod: PodInfo, sign: 1 | -1): void {
    if (pod.namespace !== this.#namespace || pod.pod.metadata?.deletionTimestamp !== undefined) return;
    if (this.#selector.matches(pod.labels)) this.#counts.set(node, (this.#counts.get(node) ?? 0) + sign);
  }

  on(node: string): number {
    return this.#counts.get(node) ?? 0;
  }
}

/** The counters in use, by namespace and selector; the least recently used ones are dropped. */
export class MatchCounters {
  static readonly #maximum = 64;
  readonly #counters = new Map<string, MatchCounter>();
  readonly #nodes: () => Iterable<NodeInfo>;

  constructor(nodes: () => Iterable<NodeInfo>) {
    this.#nodes = nodes;
  }

  get(namespace: string, selector: LabelSelector): MatchCounter {
    const key = `${namespace}\n${selector.toString()}`;
    const counter = this.#counters.get(key) ?? new MatchCounter(namespace, selector, this.#nodes());
    this.#counters.delete(key);
    this.#counters.set(key, counter);
    if (this.#counters.size > MatchCounters.#maximum) {
      this.#counters.delete(this.#counters.keys().next().value as string);
    }
    return counter;
  }

  count(node: string, pod: PodInfo, sign: 1 | -1): void {
    for (const counter of this.#counters.values()) counter.count(node, pod, sign);
  }
}
