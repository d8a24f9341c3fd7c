import { deployments, replicaSets, replicationControllers, statefulSets } from "../../client/resources.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { PodDisruptionBudget } from "../../kinds/generated/policy-v1.ts";
import { scaledValue } from "../../machinery/int-or-string.ts";
import { controllerOf } from "../../machinery/meta/accessors.ts";
import type { ControllerContext } from "../framework/define-controller.ts";

export interface Expectation {
  /** How many pods there should be. */
  readonly expected: number;
  /** How many of them must be healthy. */
  readonly desiredHealthy: number;
  /** Pods without a controller, of which no total is known. */
  readonly unmanaged: readonly string[];
}

/** What a budget asks of the pods that it selects. Throws where it needs the scale of a controller without one. */
export function expectationOf(
  { spec }: PodDisruptionBudget,
  pods: readonly Pod[],
  context: ControllerContext,
): Expectation {
  const unmanaged = pods.filter((pod) => controllerOf(pod) === undefined).map((pod) => pod.metadata?.name ?? "");
  if (spec?.maxUnavailable !== undefined) {
    const expected = expectedScale(pods, context);
    const desiredHealthy = Math.max(0, expected - scaledValue(spec.maxUnavailable, expected, true));
    return { expected, desiredHealthy, unmanaged };
  }
  const minimum = spec?.minAvailable ?? 1;
  if (typeof minimum === "number") return { expected: pods.length, desiredHealthy: minimum, unmanaged };
  const expected = expectedScale(pods, context);
  return { expected, desiredHealthy: scaledValue(minimum, expected, true), unmanaged };
}

/** Sum of the scales of all controllers of these pods. */
function expectedScale(pods: readonly Pod[], context: ControllerContext): number {
  const scales = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined || scales.has(owner.uid)) continue;
    scales.set(owner.uid, scaleOf(owner, pod.metadata?.namespace ?? "", context));
  }
  // A Deployment's pods come from several ReplicaSets: its own number counts, once.
  return [...scales.values()].reduce((sum, scale) => sum + scale, 0);
}

function scaleOf(owner: { kind: string; name: string }, namespace: string, context: ControllerContext): number {
  switch (owner.kind) {
    case "ReplicaSet": {
      const set = context.lister(replicaSets).get(owner.name, namespace);
      const parent = set && controllerOf(set);
      if (parent?.kind !== "Deployment") return set?.spec?.replicas ?? 0;
      // Old ReplicaSets of a rollout are part of the same number.
      const deployment = context.lister(deployments).get(parent.name, namespace);
      const newest = isNewest(set?.metadata?.name ?? "", parent.uid, namespace, context);
      return newest ? (deployment?.spec?.replicas ?? 0) : 0;
    }
    case "StatefulSet":
      return context.lister(statefulSets).get(owner.name, namespace)?.spec?.replicas ?? 0;
    case "ReplicationController":
      return context.lister(replicationControllers).get(owner.name, namespace)?.spec?.replicas ?? 0;
    default:
      throw new Error(`${owner.kind} does not implement the scale subresource`);
  }
}

/** Whether a ReplicaSet is the one of its Deployment that has pods and the first name, so that one of them counts. */
function isNewest(name: string, deploymentUid: string, namespace: string, context: ControllerContext): boolean {
  const names = context
    .lister(replicaSets)
    .list(namespace)
    .filter((set) => controllerOf(set)?.uid === deploymentUid && (set.status?.replicas ?? 0) > 0)
    .map((set) => set.metadata?.name ?? "")
    .sort();
  return names.length === 0 || names[0] === name;
}
