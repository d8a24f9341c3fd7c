import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type { Pod, PodAffinityTerm, WeightedPodAffinityTerm } from "../../kinds/generated/core-v1.ts";
import {
  type LabelSelector,
  labelSelectorFromObject,
  matchAllLabels,
} from "../../machinery/selectors/label-selector.ts";
import type { AffinityTerm } from "./affinity-terms.ts";
import { podRequests, type Resources } from "./resources.ts";

/** What scheduling needs of a pod, computed once for each version of it. */
export interface PodInfo {
  readonly pod: Pod;
  readonly uid: string;
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Resources;
  /** Requests with defaults for containers that name none: used for scoring alone. */
  readonly scoringRequests: Resources;
  readonly hostPorts: readonly HostPort[];
  readonly requiredAffinity: readonly AffinityTerm[];
  readonly requiredAntiAffinity: readonly AffinityTerm[];
  readonly preferredAffinity: readonly AffinityTerm[];
  readonly preferredAntiAffinity: readonly AffinityTerm[];
}

export interface HostPort {
  readonly address: string;
  readonly protocol: string;
  readonly port: number;
}

/** Compiles a pod for scheduling; the pod is kept, and must not change. */
export function createPodInfo(pod: Pod): PodInfo {
  const { name = "", namespace = "", uid = "", labels = {} } = pod.metadata ?? {};
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const required = (terms: readonly PodAffinityTerm[] | undefined): AffinityTerm[] =>
    (terms ?? []).map((term) => compileTerm(term, pod, 1));
  const preferred = (terms: readonly WeightedPodAffinityTerm[] | undefined): AffinityTerm[] =>
    (terms ?? []).map(({ podAffinityTerm, weight }) => compileTerm(podAffinityTerm, pod, weight));
  return {
    pod,
    uid,
    key: `${namespace}/${name}`,
    namespace,
    labels,
    priority: pod.spec?.priority ?? 0,
    requests: podRequests(pod),
    scoringRequests: podRequests(pod, true),
    hostPorts: hostPorts(pod),
    requiredAffinity: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    requiredAntiAffinity: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferredAffinity: preferred(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
    preferredAntiAffinity: preferred(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution),
  };
}

function compileTerm(term: PodAffinityTerm, pod: Pod, weight: number): AffinityTerm {
  const namespaces = term.namespaces ?? [];
  const own = namespaces.length === 0 && term.namespaceSelector === undefined;
  const spokenOf = own ? [pod.metadata?.namespace ?? ""] : namespaces;
  // matchLabelKeys were merged into labelSelector by the API server when the pod was created.
  return {
    id: JSON.stringify([term.topologyKey, term.labelSelector, spokenOf, term.namespaceSelector, weight]),
    topologyKey: term.topologyKey,
    selector: labelSelectorFromObject(term.labelSelector),
    namespaces: new Set(spokenOf),
    namespaceSelector: term.namespaceSelector && compileNamespaceSelector(term.namespaceSelector),
    weight,
  };
}

function compileNamespaceSelector(selector: NonNullable<PodAffinityTerm["namespaceSelector"]>): LabelSelector {
  const compiled = labelSelectorFromObject(selector);
  return compiled.empty ? matchAllLabels : compiled;
}

function hostPorts(pod: Pod): HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter(isSidecar);
  return [...(pod.spec?.containers ?? []), ...sidecars].flatMap((container) =>
    (container.ports ?? [])
      .filter((port) => (port.hostPort ?? 0) > 0)
      .map((port) => ({
        address: port.hostIP || "0.0.0.0",
        protocol: port.protocol || "TCP",
        port: port.hostPort ?? 0,
      })),
  );
}
