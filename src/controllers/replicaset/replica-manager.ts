/**
 * Keeps a number of pods of one template: the loop shared by ReplicaSets and ReplicationControllers. Fed by the set
 * and its pods; creates, deletes, adopts and releases pods and writes the status. Never creates more than asked for:
 * a pass that finds creations or deletions not yet in the cache changes nothing.
 */

import { splitKey } from "../../client/object-cache.ts";
import { pods } from "../../client/resources.ts";
import type { ResourceRef } from "../../client/types.ts";
import { isPodActive, isPodTerminating } from "../../kinds/core/pod/pod-state.ts";
import type { ReplicaSet, ReplicaSetStatus } from "../../kinds/generated/apps-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { controllerOf } from "../../machinery/meta/accessors.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import type { LabelSelector } from "../../machinery/selectors/label-selector.ts";
import { sameStatus } from "../framework/canonical-json.ts";
import { claimOwned, indexByOwner, ownedBy, watchOrphans } from "../framework/claim.ts";
import { newControllerReference } from "../framework/controller-reference.ts";
import { type Controller, type ControllerContext, defineController } from "../framework/define-controller.ts";
import { changePods, podFromTemplate } from "../framework/pod-control.ts";
import { scheduleAvailability } from "../framework/pods.ts";
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
    watches: [watchOrphans(pods, kind.resource, (owner) => kind.selector(kind.view(owner)))],
    setUp(context) {
      indexByOwner(context, pods);
      indexByOwner(context, kind.resource);
    },
    reconcile: (key, context) => reconcile(kind, key, context),
  });
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
  scheduleAvailability(context, key, active, set.spec?.minReadySeconds ?? 0);
}

interface Pass {
  readonly key: string;
  readonly set: ReplicaSet;
  readonly stored: KubernetesObject;
  readonly active: readonly Pod[];
}

/** Creates or deletes what is missing or too much; resolves with the failure, if any. */
function changeReplicas(kind: ReplicaKind, pass: Pass, context: ControllerContext): Promise<unknown> {
  const { key, set, stored, active } = pass;
  const surplus = active.length - (set.spec?.replicas ?? 1);
  const count = Math.min(Math.abs(surplus), maximumAtOnce);
  const reference = newControllerReference(kind.resource, stored);
  return changePods(context, {
    key,
    owner: stored,
    create: surplus < 0 ? count : 0,
    newPod: () => podFromTemplate(set.spec?.template ?? {}, stored, reference),
    remove: surplus > 0 ? podsToDelete(active, relatedPods(kind, pass, context), count, context.clock.now()) : [],
  });
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
