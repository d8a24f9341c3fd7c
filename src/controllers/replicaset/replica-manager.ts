/**
 * Keeps a number of pods of one template: the loop shared by ReplicaSets and ReplicationControllers. Fed by the set
 * and its pods; creates, deletes, adopts and releases pods and writes the status. Never creates more than asked for:
 * a pass that finds creations or deletions not yet in the cache changes nothing.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { pods } from "../../client/resources.ts";
import type { ResourceRef } from "../../client/types.ts";
import type { ReplicaSet, ReplicaSetStatus } from "../../kinds/generated/apps-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import type { LabelSelector } from "../../machinery/selectors/label-selector.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { claimOwned, indexByOwner, ownedBy } from "../framework/claim.ts";
import { controllerOf, metaOf, newControllerReference } from "../framework/controller-reference.ts";
import { type Controller, type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { isNamespaceTerminating, isNotFound } from "../framework/failures.ts";
import { createPod, deletePod, podFromTemplate, slowStart } from "../framework/pod-control.ts";
import { isPodActive, isPodTerminating, millisecondsUntilAvailable } from "../framework/pods.ts";
import { podsToDelete } from "./deletion-ranking.ts";
import { replicaSetStatus } from "./status.ts";

/** Upstream's BurstReplicas. */
const maximumAtOnce = 500;

/** The kind that is managed, seen as a ReplicaSet. */
export interface ReplicaKind {
  readonly name: string;
  readonly resource: ResourceRef<KubernetesObject>;
  /** Only ReplicaSets report terminatingReplicas. */
  readonly countsTerminating: boolean;
  view(object: KubernetesObject): ReplicaSet;
  selector(object: ReplicaSet): LabelSelector;
}

export function defineReplicaController(kind: ReplicaKind): Controller {
  return defineController({
    name: kind.name,
    primary: kind.resource,
    owns: [pods],
    watches: [watch(pods, (pod, context) => (controllerOf(pod) === undefined ? adopters(kind, pod, context) : []))],
    setUp(context) {
      indexByOwner(context, pods);
      indexByOwner(context, kind.resource);
    },
    reconcile: (key, context) => reconcile(kind, key, context),
  });
}

/** Keys of the sets whose selector matches an orphan. */
function adopters(kind: ReplicaKind, pod: Pod, context: ControllerContext): string[] {
  const labels = pod.metadata?.labels;
  if (labels === undefined) return [];
  const sets = context.lister(kind.resource).list(pod.metadata?.namespace);
  return sets.filter((set) => kind.selector(kind.view(set)).matches(labels)).map(objectKey);
}

async function reconcile(kind: ReplicaKind, key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const stored = context.lister(kind.resource).get(name, namespace);
  if (stored === undefined) return context.expectations.forget(key);
  const set = kind.view(stored);
  const mayChange = context.expectations.satisfied(key);
  const selector = kind.selector(set);
  const active = await claimOwned(context, {
    resource: pods,
    owner: stored,
    ownerResource: kind.resource,
    selector,
    eligible: isPodActive,
  });
  const terminating = ownedBy(context, pods, stored).filter(
    (pod) => isPodTerminating(pod) && selector.matches(pod.metadata?.labels ?? {}),
  );
  let failure: unknown;
  if (mayChange && set.metadata?.deletionTimestamp === undefined) {
    failure = await changeReplicas(kind, { key, set, stored, active }, context);
  }
  const now = context.clock.now();
  const status = replicaSetStatus(set, { active, terminating, failure, now }, kind.countsTerminating);
  await writeStatus(kind, stored, status, context);
  if (failure !== undefined) throw failure;
  scheduleAvailability(key, set, active, context);
}

interface Pass {
  readonly key: string;
  readonly set: ReplicaSet;
  readonly stored: KubernetesObject;
  readonly active: readonly Pod[];
}

/** Creates or deletes what is missing or too much; returns the failure, if any. */
function changeReplicas(kind: ReplicaKind, pass: Pass, context: ControllerContext): Promise<unknown> {
  const surplus = pass.active.length - (pass.set.spec?.replicas ?? 1);
  if (surplus < 0) return addPods(kind, pass, Math.min(-surplus, maximumAtOnce), context);
  if (surplus > 0) return removePods(kind, pass, Math.min(surplus, maximumAtOnce), context);
  return Promise.resolve(undefined);
}

async function addPods(kind: ReplicaKind, pass: Pass, count: number, context: ControllerContext): Promise<unknown> {
  const template = pass.set.spec?.template ?? {};
  const reference = newControllerReference(kind.resource, pass.stored);
  context.expectations.expectCreations(pass.key, count);
  const { successes, failure } = await slowStart(count, () =>
    createPod(context, pass.stored, podFromTemplate(template, pass.stored, reference)),
  );
  for (let i = successes; i < count; i++) context.expectations.creationObserved(pass.key);
  return isNamespaceTerminating(failure) ? undefined : failure;
}

async function removePods(kind: ReplicaKind, pass: Pass, count: number, context: ControllerContext): Promise<unknown> {
  const victims = podsToDelete(pass.active, relatedPods(kind, pass, context), count, context.clock.now());
  context.expectations.expectDeletions(
    pass.key,
    victims.map((pod) => metaOf(pod).uid),
  );
  let failure: unknown;
  await Promise.all(
    victims.map((pod) =>
      deletePod(context, pass.stored, pod).catch((error: unknown) => {
        context.expectations.deletionObserved(pass.key, metaOf(pod).uid);
        if (!isNotFound(error)) failure ??= error;
      }),
    ),
  );
  return failure;
}

/** Pods of all sets under the same Deployment: where they crowd a node, that is where to delete first. */
function relatedPods(kind: ReplicaKind, { stored }: Pass, context: ControllerContext): Pod[] {
  const owner = controllerOf(stored);
  const sets = owner === undefined ? [stored] : ownedBy(context, kind.resource, { metadata: { uid: owner.uid } });
  return sets.flatMap((set) => ownedBy(context, pods, set));
}

async function writeStatus(
  kind: ReplicaKind,
  stored: KubernetesObject,
  status: ReplicaSetStatus,
  context: ControllerContext,
): Promise<void> {
  if (sameStatus((stored as ReplicaSet).status, status)) return;
  await context.client.of(kind.resource).updateStatus({ ...stored, status } as KubernetesObject);
}

/** A pod becomes available by time alone: look again when the next one does. */
function scheduleAvailability(key: string, set: ReplicaSet, active: readonly Pod[], context: ControllerContext): void {
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  if (minReadySeconds === 0) return;
  const waits = active
    .map((pod) => millisecondsUntilAvailable(pod, minReadySeconds, context.clock.now()) ?? 0)
    .filter((wait) => wait > 0);
  if (waits.length > 0) context.enqueue(key, Math.min(...waits));
}
