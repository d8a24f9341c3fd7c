import { replicaSets, replicationControllers, services, statefulSets } from "../../../client/resources.ts";
import type { Informers } from "../../../client/types.ts";
import type { TopologySpreadConstraint } from "../../../kinds/generated/core-v1.ts";
import { valueAt } from "../../../machinery/meta/accessors.ts";
import { requiredNodeMatcher } from "../../../machinery/scheduling/node-selector.ts";
import { findUntolerated, schedulingEffects } from "../../../machinery/scheduling/tolerations.ts";
import {
  LabelSelector,
  labelSelectorFromObject,
  labelSelectorFromSet,
} from "../../../machinery/selectors/label-selector.ts";
import type { NodeInfo } from "../../cache/node-info.ts";
import type { PodInfo } from "../../cache/pod-info.ts";

export interface SpreadConstraint {
  readonly topologyKey: string;
  readonly maxSkew: number;
  readonly minDomains: number;
  readonly selector: LabelSelector;
  /** Whether a node's pods count, by nodeAffinityPolicy and nodeTaintsPolicy. */
  counts(node: NodeInfo): boolean;
}

export const hostname = "kubernetes.io/hostname";

/** Upstream's system defaults, for pods that have no constraints and belong to a Service or a controller. */
const systemDefaults: readonly Pick<TopologySpreadConstraint, "topologyKey" | "maxSkew">[] = [
  { topologyKey: hostname, maxSkew: 3 },
  { topologyKey: "topology.kubernetes.io/zone", maxSkew: 5 },
];

/** The constraints of a pod with that action. */
export function constraintsOf(pod: PodInfo, action: "DoNotSchedule" | "ScheduleAnyway"): SpreadConstraint[] {
  const constraints = pod.pod.spec?.topologySpreadConstraints ?? [];
  return constraints
    .filter(({ whenUnsatisfiable }) => whenUnsatisfiable === action)
    .map((constraint) => compile(constraint, selectorOf(constraint, pod), pod));
}

/** Upstream's system defaults, for pods that Services or a controller select; none for others. */
export function defaultConstraints(pod: PodInfo, informers: Informers): SpreadConstraint[] {
  const selector = defaultSelector(pod, informers);
  if (selector.empty) return [];
  return systemDefaults.map((constraint) => ({
    ...constraint,
    minDomains: 1,
    selector,
    counts: countsWith(pod, undefined, undefined),
  }));
}

function selectorOf({ labelSelector, matchLabelKeys = [] }: TopologySpreadConstraint, pod: PodInfo): LabelSelector {
  const selector = labelSelectorFromObject(labelSelector);
  const same = matchLabelKeys.filter((key) => valueAt(pod.labels, key) !== undefined);
  if (same.length === 0) return selector;
  const requirements = same.map((key) => ({
    key,
    operator: "=" as const,
    values: [valueAt(pod.labels, key) as string],
  }));
  return new LabelSelector([...selector.requirements, ...requirements]);
}

function compile(constraint: TopologySpreadConstraint, selector: LabelSelector, pod: PodInfo): SpreadConstraint {
  const { topologyKey, maxSkew, minDomains = 1, nodeAffinityPolicy, nodeTaintsPolicy } = constraint;
  return { topologyKey, maxSkew, minDomains, selector, counts: countsWith(pod, nodeAffinityPolicy, nodeTaintsPolicy) };
}

function countsWith(pod: PodInfo, affinityPolicy = "Honor", taintsPolicy = "Ignore"): (node: NodeInfo) => boolean {
  const matches = affinityPolicy === "Honor" ? requiredNodeMatcher(pod.pod.spec) : undefined;
  if (matches === undefined && taintsPolicy === "Ignore") return () => true;
  const tolerations = pod.pod.spec?.tolerations;
  return ({ node }) => {
    if (node === undefined || matches?.(node) === false) return false;
    return (
      taintsPolicy === "Ignore" || findUntolerated(node.spec?.taints, tolerations, schedulingEffects) === undefined
    );
  };
}

/** helper.DefaultSelector: what the Services and the controller of a pod select, together. */
function defaultSelector(pod: PodInfo, informers: Informers): LabelSelector {
  const labels: Record<string, string> = {};
  for (const service of informers.of(services).lister.list(pod.namespace)) {
    const selector = service.spec?.selector;
    if (selector && labelSelectorFromSet(selector).matches(pod.labels)) Object.assign(labels, selector);
  }
  const fromServices = labelSelectorFromSet(labels).requirements;
  const owner = pod.pod.metadata?.ownerReferences?.find((reference) => reference.controller);
  const fromOwner = owner === undefined ? [] : ownerRequirements(owner, pod.namespace, informers);
  return new LabelSelector([...fromServices, ...fromOwner]);
}

function ownerRequirements(
  { kind, name }: { kind: string; name: string },
  namespace: string,
  informers: Informers,
): LabelSelector["requirements"] {
  switch (kind) {
    case "ReplicaSet": {
      const selector = informers.of(replicaSets).lister.get(name, namespace)?.spec?.selector;
      return selector === undefined ? [] : labelSelectorFromObject(selector).requirements;
    }
    case "StatefulSet": {
      const selector = informers.of(statefulSets).lister.get(name, namespace)?.spec?.selector;
      return selector === undefined ? [] : labelSelectorFromObject(selector).requirements;
    }
    case "ReplicationController":
      return labelSelectorFromSet(
        informers.of(replicationControllers).lister.get(name, namespace)?.spec?.selector ?? {},
      ).requirements;
    default:
      return [];
  }
}
