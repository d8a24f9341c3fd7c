import { deployments, replicaSets } from "../../client/resources.ts";
import type { Deployment, DeploymentStatus, ReplicaSet } from "../../kinds/generated/apps-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { isAlreadyExists } from "../../machinery/errors/status-error.ts";
import { canonicalJson, sameJson } from "../framework/canonical-json.ts";
import { byCreation, metaOf, newControllerReference } from "../framework/controller-reference.ts";
import type { ControllerContext } from "../framework/define-controller.ts";
import { isNamespaceTerminating, messageOf } from "../framework/failures.ts";
import { templateHash } from "../framework/template-hash.ts";
import { currentSetAnnotations, replicasAnnotations, revisionAnnotation, revisionOf } from "./annotations.ts";
import { conditionOf, newCondition, withCondition } from "./conditions.ts";
import { maxSurge, newSetReplicas, replicasOf } from "./sizes.ts";

const hashLabel = "pod-template-hash";

/** One pass over one Deployment: its ReplicaSets, told apart, and the writes that it makes. */
export interface Rollout {
  readonly context: ControllerContext;
  /** A copy that follows the writes of this pass. */
  deployment: Deployment;
  /** The ReplicaSet of the present template, if it exists. */
  current: ReplicaSet | undefined;
  /** All others, oldest first. */
  old: ReplicaSet[];
}

export const allSets = ({ current, old }: Rollout): ReplicaSet[] => (current === undefined ? old : [...old, current]);

/** The largest int32 stands for no deadline. */
export function hasProgressDeadline({ spec }: Deployment): boolean {
  return spec?.progressDeadlineSeconds !== undefined && spec.progressDeadlineSeconds !== 2 ** 31 - 1;
}

function templateIdentity(template: unknown): string {
  const copy = structuredClone(template ?? {}) as { metadata?: { labels?: Record<string, string> } };
  delete copy.metadata?.labels?.[hashLabel];
  return canonicalJson(copy);
}

/** Tells the ReplicaSet of the present template (the oldest, should there be several) from the others. */
export function findSets(context: ControllerContext, deployment: Deployment, sets: readonly ReplicaSet[]): Rollout {
  const sorted = [...sets].sort(byCreation);
  const wanted = templateIdentity(deployment.spec?.template);
  const current = sorted.find((set) => templateIdentity(set.spec?.template) === wanted);
  return { context, deployment, current, old: sorted.filter((set) => set !== current) };
}

const nextRevision = ({ old }: Rollout): bigint =>
  (old
    .map(revisionOf)
    .sort((a, b) => Number(a - b))
    .at(-1) ?? 0n) + 1n;

/** Brings annotations of the current ReplicaSet and the Deployment's revision up to date. */
export async function syncRevision(rollout: Rollout): Promise<void> {
  const { current, deployment, context } = rollout;
  if (current === undefined) return;
  const annotations = currentSetAnnotations(deployment, current, nextRevision(rollout));
  const minReadySeconds = deployment.spec?.minReadySeconds ?? 0;
  if (
    !sameJson(annotations, current.metadata?.annotations ?? {}) ||
    minReadySeconds !== (current.spec?.minReadySeconds ?? 0)
  ) {
    rollout.current = await context.client.of(replicaSets).update({
      ...current,
      metadata: { ...current.metadata, annotations },
      spec: { ...(current.spec as NonNullable<ReplicaSet["spec"]>), minReadySeconds },
    });
  }
  await writeRevision(rollout, annotations[revisionAnnotation] ?? "");
  if (hasProgressDeadline(deployment) && conditionOf(deployment.status?.conditions, "Progressing") === undefined) {
    await setProgressing(rollout, "True", "FoundNewReplicaSet", `Found new replica set "${metaOf(current).name}"`);
  }
}

/** Through the status, where a change of annotations does not count as a new generation. */
async function writeRevision(rollout: Rollout, revision: string): Promise<void> {
  const { deployment } = rollout;
  const annotations = deployment.metadata?.annotations;
  if (annotations?.[revisionAnnotation] === revision) return;
  const metadata = { ...deployment.metadata, annotations: { ...annotations, [revisionAnnotation]: revision } };
  const written = await rollout.context.client.of(deployments).updateStatus({ ...deployment, metadata });
  // Only metadata is taken over: this pass goes on with the spec that it started from.
  rollout.deployment = { ...deployment, metadata: written.metadata };
}

/** Writes the Progressing condition; one with the same status and reason keeps its times. */
export async function setProgressing(
  rollout: Rollout,
  status: "True" | "False" | "Unknown",
  reason: string,
  message: string,
): Promise<void> {
  const now = formatTime(rollout.context.clock.now());
  const condition = newCondition("Progressing", status, { reason, message, now });
  const conditions = withCondition(rollout.deployment.status?.conditions ?? [], condition);
  await writeStatus(rollout, { ...rollout.deployment.status, conditions });
}

export async function writeStatus(rollout: Rollout, status: DeploymentStatus): Promise<void> {
  const written = await rollout.context.client.of(deployments).updateStatus({ ...rollout.deployment, status });
  rollout.deployment = { ...rollout.deployment, metadata: written.metadata, status };
}

/** Creates the ReplicaSet of the present template, sized as the strategy allows. Throws on failure. */
export async function createCurrentSet(rollout: Rollout): Promise<void> {
  const { context, deployment } = rollout;
  const revision = nextRevision(rollout);
  const set = newReplicaSet(rollout, revision);
  const { name } = metaOf(set);
  try {
    rollout.current = await context.client.of(replicaSets).create(set);
  } catch (error) {
    if (isAlreadyExists(error)) return resolveCollision(rollout, name, error);
    if (isNamespaceTerminating(error)) throw error;
    const message = `Failed to create new replica set "${name}": ${messageOf(error)}`;
    if (hasProgressDeadline(deployment)) await setProgressing(rollout, "False", "ReplicaSetCreateError", message);
    context.recorder.event(deployment, "Warning", "ReplicaSetCreateError", message);
    throw error;
  }
  if (replicasOf(set) > 0) {
    const message = `Scaled up replica set ${name} from 0 to ${replicasOf(set)}`;
    context.recorder.event(deployment, "Normal", "ScalingReplicaSet", message);
  }
  await writeRevision(rollout, String(revision));
  if (hasProgressDeadline(deployment)) {
    await setProgressing(rollout, "True", "NewReplicaSetCreated", `Created new replica set "${name}"`);
  }
}

function newReplicaSet(rollout: Rollout, revision: bigint): ReplicaSet {
  const { deployment } = rollout;
  const { name, namespace } = metaOf(deployment);
  const template = structuredClone(deployment.spec?.template ?? {});
  const hash = templateHash(template, deployment.status?.collisionCount ?? 0);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const selector = deployment.spec?.selector;
  const set: ReplicaSet = {
    metadata: {
      // Deterministic, so that creating it twice is found out.
      name: `${name.slice(0, 253 - 1 - hash.length)}-${hash}`,
      namespace,
      labels,
      ownerReferences: [newControllerReference(deployments, deployment)],
    },
    spec: {
      replicas: 0,
      minReadySeconds: deployment.spec?.minReadySeconds ?? 0,
      selector: { ...selector, matchLabels: { ...selector?.matchLabels, [hashLabel]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
  (set.spec as { replicas: number }).replicas = newSetReplicas(deployment, [...rollout.old, set], set);
  const desired = replicasOf(deployment);
  const annotations = {
    ...currentSetAnnotations(deployment, set, revision),
    ...replicasAnnotations(desired, desired + maxSurge(deployment)),
  };
  return { ...set, metadata: { ...set.metadata, annotations } };
}

/** The name is taken: by our own ReplicaSet that the cache has not shown, or by another template of the same hash. */
async function resolveCollision(rollout: Rollout, name: string, error: unknown): Promise<void> {
  const { context, deployment } = rollout;
  const existing = await context.client.of(replicaSets).get(name, metaOf(deployment).namespace);
  const ours = existing.metadata?.ownerReferences?.some(
    (owner) => owner.controller && owner.uid === metaOf(deployment).uid,
  );
  if (ours && templateIdentity(existing.spec?.template) === templateIdentity(deployment.spec?.template)) {
    rollout.current = existing;
    return;
  }
  await writeStatus(rollout, { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 });
  throw error;
}

/** Scales one ReplicaSet and notes the Deployment's size on it. Returns whether its size changed. */
export async function scaleSet(rollout: Rollout, set: ReplicaSet, size: number): Promise<boolean> {
  const { context, deployment } = rollout;
  const previous = replicasOf(set);
  const desired = replicasOf(deployment);
  const annotations = {
    ...set.metadata?.annotations,
    ...replicasAnnotations(desired, desired + maxSurge(deployment)),
  };
  if (previous === size && sameJson(annotations, set.metadata?.annotations)) return false;
  const updated = await context.client.of(replicaSets).update({
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...(set.spec as NonNullable<ReplicaSet["spec"]>), replicas: size },
  });
  if (rollout.current === set) rollout.current = updated;
  else rollout.old = rollout.old.map((other) => (other === set ? updated : other));
  if (previous === size) return false;
  const message = `Scaled ${previous < size ? "up" : "down"} replica set ${metaOf(set).name} from ${previous} to ${size}`;
  context.recorder.event(deployment, "Normal", "ScalingReplicaSet", message);
  return true;
}

/** Deletes the oldest ReplicaSets beyond revisionHistoryLimit that are empty. */
export async function cleanUpHistory({ context, deployment, old }: Rollout): Promise<void> {
  const limit = deployment.spec?.revisionHistoryLimit;
  if (limit === undefined || limit === 2 ** 31 - 1) return;
  const alive = old.filter((set) => set.metadata?.deletionTimestamp === undefined);
  const sorted = [...alive].sort((a, b) => Number(revisionOf(a) - revisionOf(b)) || byCreation(a, b));
  for (const set of sorted.slice(0, Math.max(0, alive.length - limit))) {
    const { name, namespace, generation = 0 } = metaOf(set);
    const { replicas = 0, observedGeneration = 0 } = set.status ?? {};
    if (replicas !== 0 || replicasOf(set) !== 0 || generation > observedGeneration) continue;
    await ignoreNotFound(context.client.of(replicaSets).delete(name, { namespace }));
  }
}
