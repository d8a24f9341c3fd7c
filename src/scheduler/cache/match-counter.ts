import type { PodInfo } from "./pod-info.ts";

/**
 * How many pods of a kind each node runs, kept up to date while the counter is in use: a constraint on other pods then
 * costs one look per node, not one per pod.
 */
export class MatchCounter {
  readonly #matches: (pod: PodInfo) => boolean;
  readonly #counts = new Map<string, number>();

  /** The answer of `matches` for a PodInfo must not change. */
  constructor(matches: (pod: PodInfo) => boolean) {
    this.#matches = matches;
  }

  count(node: string, pod: PodInfo, sign: 1 | -1): void {
    if (!this.#matches(pod)) return;
    const left = (this.#counts.get(node) ?? 0) + sign;
    if (left === 0) this.#counts.delete(node);
    else this.#counts.set(node, left);
  }

  on(node: string): number {
    return this.#counts.get(node) ?? 0;
  }

  /** Names of the nodes with such pods, and how many. */
  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.#counts.entries();
  }
}

/** Pods by the node that they are counted on. */
type Placements = () => Iterable<{ readonly name: string; readonly pods: ReadonlyMap<string, PodInfo> }>;

/** Counters in use; the least recently used ones are dropped. */
export class MatchCounters {
  static readonly #maximum = 64;
  readonly #counters = new Map<string, MatchCounter>();
  readonly #nodes: Placements;

  constructor(nodes: Placements) {
    this.#nodes = nodes;
  }

  /** The counter of the pods that match; `key` says which those are, wholly. */
  get(key: string, matches: (pod: PodInfo) => boolean): MatchCounter {
    const counter = this.#counters.get(key) ?? this.#create(matches);
    this.#counters.delete(key);
    this.#counters.set(key, counter);
    if (this.#counters.size > MatchCounters.#maximum) {
      this.#counters.delete(this.#counters.keys().next().value as string);
    }
    return counter;
  }

  #create(matches: (pod: PodInfo) => boolean): MatchCounter {
    const counter = new MatchCounter(matches);
    for (const node of this.#nodes()) for (const pod of node.pods.values()) counter.count(node.name, pod, 1);
    return counter;
  }

  count(node: string, pod: PodInfo, sign: 1 | -1): void {
    for (const counter of this.#counters.values()) counter.count(node, pod, sign);
  }
}
