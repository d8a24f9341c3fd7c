import type { LabelSelector } from "../../machinery/selectors/label-selector.ts";
import type { NodeInfo } from "./node-info.ts";
import type { PodInfo } from "./pod-info.ts";

/** A PodAffinityTerm with its selectors ready for use. */
export interface AffinityTerm {
  /** The same for terms that say the same. */
  readonly id: string;
  readonly topologyKey: string;
  readonly selector: LabelSelector;
  readonly namespaces: ReadonlySet<string>;
  /** Undefined: `namespaces` alone decide. */
  readonly namespaceSelector: LabelSelector | undefined;
  /** For preferred terms, else 1. */
  readonly weight: number;
}

type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

/** Whether `pod` is among those that `term` speaks of. */
export function matchesTerm(
  term: AffinityTerm,
  pod: Pick<PodInfo, "namespace" | "labels">,
  namespaceLabels: NamespaceLabels,
): boolean {
  return (
    (term.namespaces.has(pod.namespace) || term.namespaceSelector?.matches(namespaceLabels(pod.namespace)) === true) &&
    term.selector.matches(pod.labels)
  );
}

/**
 * Terms of placed pods, each once with the nodes whose pods carry it and how many do: the pods of one controller carry
 * the same terms, so that a new pod is compared with a few terms instead of with every pod.
 */
export class CarriedTerms {
  readonly #terms = new Map<string, { readonly term: AffinityTerm; readonly nodes: Map<NodeInfo, number> }>();

  count(node: NodeInfo, terms: readonly AffinityTerm[], sign: 1 | -1): void {
    for (const term of terms) {
      const carried = this.#terms.get(term.id) ?? { term, nodes: new Map() };
      const left = (carried.nodes.get(node) ?? 0) + sign;
      if (left === 0) carried.nodes.delete(node);
      else carried.nodes.set(node, left);
      if (carried.nodes.size === 0) this.#terms.delete(term.id);
      else this.#terms.set(term.id, carried);
    }
  }

  /** The terms that speak of `pod`. */
  *about(
    pod: PodInfo,
    namespaceLabels: NamespaceLabels,
  ): Iterable<{ readonly term: AffinityTerm; readonly nodes: ReadonlyMap<NodeInfo, number> }> {
    for (const carried of this.#terms.values()) if (matchesTerm(carried.term, pod, namespaceLabels)) yield carried;
  }
}

/** The terms of all placed pods, by kind. */
export class PlacedTerms {
  readonly requiredAffinity = new CarriedTerms();
  readonly requiredAntiAffinity = new CarriedTerms();
  readonly preferredAffinity = new CarriedTerms();
  readonly preferredAntiAffinity = new CarriedTerms();

  count(node: NodeInfo, pod: PodInfo, sign: 1 | -1): void {
    this.requiredAffinity.count(node, pod.requiredAffinity, sign);
    this.requiredAntiAffinity.count(node, pod.requiredAntiAffinity, sign);
    this.preferredAffinity.count(node, pod.preferredAffinity, sign);
    this.preferredAntiAffinity.count(node, pod.preferredAntiAffinity, sign);
  }
}
