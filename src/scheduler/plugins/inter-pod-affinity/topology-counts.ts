import { valueAt } from "../../../machinery/meta/accessors.ts";
import type { NodeInfo } from "../../cache/node-info.ts";

/** Numbers of pods, or scores, by topology key and value; nodes without the key count nowhere. */
export class TopologyCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  add({ labels }: NodeInfo, topologyKey: string, amount: number): void {
    const value = valueAt(labels, topologyKey);
    if (value === undefined || amount === 0) return;
    let values = this.#counts.get(topologyKey);
    if (values === undefined) {
      values = new Map();
      this.#counts.set(topologyKey, values);
    }
    values.set(value, (values.get(value) ?? 0) + amount);
  }

  /** Of the node's own topology; 0 where it has none. */
  at({ labels }: NodeInfo, topologyKey: string): number {
    const value = valueAt(labels, topologyKey);
    return value === undefined ? 0 : (this.#counts.get(topologyKey)?.get(value) ?? 0);
  }

  get empty(): boolean {
    return this.#counts.size === 0;
  }

  get topologyKeys(): readonly string[] {
    return [...this.#counts.keys()];
  }
}
