import type { Deployment, ReplicaSet } from "../../kinds/generated/apps-v1.ts";

export const revisionAnnotation = "deployment.kubernetes.io/revision";
const revisionHistoryAnnotation = "deployment.kubernetes.io/revision-history";
const desiredReplicasAnnotation = "deployment.kubernetes.io/desired-replicas";
const maxReplicasAnnotation = "deployment.kubernetes.io/max-replicas";
const maximumHistoryLength = 2000;

/** Annotations that belong to one object and are not copied from a Deployment to its ReplicaSets. */
const ownAnnotations = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  revisionAnnotation,
  revisionHistoryAnnotation,
  desiredReplicasAnnotation,
  maxReplicasAnnotation,
  "deprecated.deployment.rollback.to",
]);

/** The revision in a ReplicaSet's annotation; 0 where it is missing or malformed. */
export function revisionOf(set: ReplicaSet): bigint {
  const text = set.metadata?.annotations?.[revisionAnnotation] ?? "";
  // An int64: there are ReplicaSets whose revision is no exact number of JavaScript's.
  return /^[+-]?\d+$/.test(text) ? BigInt(text.replace("+", "")) : 0n;
}

/** The number in an annotation; undefined where it is missing or malformed. */
function numberIn(set: ReplicaSet, annotation: string): number | undefined {
  const text = set.metadata?.annotations?.[annotation];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** The Deployment's replicas when this ReplicaSet was last scaled: another number now means a scaling event. */
export const desiredReplicasOf = (set: ReplicaSet): number | undefined => numberIn(set, desiredReplicasAnnotation);
export const maxReplicasOf = (set: ReplicaSet): number | undefined => numberIn(set, maxReplicasAnnotation);

/** What a ReplicaSet remembers of the Deployment's size: `desired` replicas, `maximum` with surge. */
export function replicasAnnotations(desired: number, maximum: number): Record<string, string> {
  return { [desiredReplicasAnnotation]: String(desired), [maxReplicasAnnotation]: String(maximum) };
}

/**
 * The annotations of the current ReplicaSet: the Deployment's own, and its revision, raised to `revision` if that is
 * greater; an earlier revision number of a ReplicaSet that is rolled back to goes into its history.
 */
export function currentSetAnnotations(
  deployment: Deployment,
  set: ReplicaSet,
  revision: bigint,
): Record<string, string> {
  const annotations = { ...set.metadata?.annotations };
  for (const [key, value] of Object.entries(deployment.metadata?.annotations ?? {})) {
    if (!ownAnnotations.has(key)) annotations[key] = value;
  }
  const previous = annotations[revisionAnnotation];
  if (revisionOf(set) >= revision) return annotations;
  annotations[revisionAnnotation] = String(revision);
  if (previous === undefined) return annotations;
  const history = [...(annotations[revisionHistoryAnnotation] || "").split(",").filter(Boolean), previous];
  while (history.join(",").length > maximumHistoryLength) history.shift();
  annotations[revisionHistoryAnnotation] = history.join(",");
  return annotations;
}
