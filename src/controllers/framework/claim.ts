/** Which objects belong to an owner: found by index, adopted as orphans, released when they match no longer. */
import { objectKey } from "../../client/object-cache.ts";
import type { ResourceRef } from "../../client/types.ts";
import { isNotFound } from "../../machinery/errors/status-error.ts";
import { controllerOf } from "../../machinery/meta/accessors.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import type { LabelSelector } from "../../machinery/selectors/label-selector.ts";
import { metaOf, newControllerReference } from "./controller-reference.ts";
import { type ControllerContext, type Watch, watch } from "./define-controller.ts";

const ownerIndex = "controller-uid";

/** Indexes a resource for `candidates`; call it in setUp. */
export function indexByOwner<T extends KubernetesObject>(context: ControllerContext, resource: ResourceRef<T>): void {
  context.informers.of(resource).addIndex(ownerIndex, (object) => {
    const owner = controllerOf(object);
    return [owner === undefined ? `orphans of ${object.metadata?.namespace}` : owner.uid];
  });
}

/** Objects that `owner` controls. */
export function ownedBy<T extends KubernetesObject>(
  context: ControllerContext,
  resource: ResourceRef<T>,
  owner: KubernetesObject,
): T[] {
  return context.lister(resource).byIndex(ownerIndex, metaOf(owner).uid);
}

/** Objects without a controller in a namespace. */
export function orphansOf<T extends KubernetesObject>(
  context: ControllerContext,
  resource: ResourceRef<T>,
  namespace: string,
): T[] {
  return context.lister(resource).byIndex(ownerIndex, `orphans of ${namespace}`);
}

/** Changes of objects without a controller enqueue the owners in their namespace that would adopt them. */
export function watchOrphans<O extends KubernetesObject>(
  resource: ResourceRef<KubernetesObject>,
  ownerResource: ResourceRef<O>,
  selectorOf: (owner: O) => LabelSelector,
): Watch {
  return watch(resource, (object, context) => {
    const labels = object.metadata?.labels;
    if (labels === undefined || controllerOf(object) !== undefined) return [];
    const owners = context.lister(ownerResource).list(object.metadata?.namespace);
    return owners.filter((owner) => selectorOf(owner).matches(labels)).map(objectKey);
  });
}

export interface Claim<T extends KubernetesObject> {
  readonly resource: ResourceRef<T>;
  readonly owner: KubernetesObject;
  readonly ownerResource: ResourceRef<KubernetesObject>;
  readonly selector: LabelSelector;
  /** Leaves out objects that are not to be adopted (finished pods). */
  readonly eligible?: (object: T) => boolean;
}

/**
 * Upstream's ControllerRefManager: the objects that belong to an owner after it has adopted orphans that its selector
 * matches and released its own that it no longer matches. An owner that is being deleted does neither.
 */
export async function claimOwned<T extends KubernetesObject>(
  context: ControllerContext,
  claim: Claim<T>,
): Promise<T[]> {
  const { resource, owner, selector, eligible = () => true } = claim;
  const { namespace, deletionTimestamp } = metaOf(owner);
  const claimed: T[] = [];
  for (const object of ownedBy(context, resource, owner)) {
    if (!eligible(object)) continue;
    if (selector.matches(object.metadata?.labels ?? {})) claimed.push(object);
    else if (deletionTimestamp === undefined) await release(context, claim, object);
  }
  if (deletionTimestamp !== undefined || selector.empty) return claimed;
  const adoptable = orphansOf(context, resource, namespace).filter(
    (orphan) =>
      eligible(orphan) && !orphan.metadata?.deletionTimestamp && selector.matches(orphan.metadata?.labels ?? {}),
  );
  if (adoptable.length === 0 || !(await mayAdopt(context, claim))) return claimed;
  for (const orphan of adoptable) if (await adopt(context, claim, orphan)) claimed.push(orphan);
  return claimed;
}

/** Asks the server itself, as a stale cache must not let a deleted owner adopt. */
async function mayAdopt<T extends KubernetesObject>(context: ControllerContext, claim: Claim<T>): Promise<boolean> {
  const { name, namespace, uid } = metaOf(claim.owner);
  try {
    const fresh = await context.client.of(claim.ownerResource).get(name, namespace);
    return fresh.metadata?.uid === uid && fresh.metadata.deletionTimestamp === undefined;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function adopt<T extends KubernetesObject>(
  context: ControllerContext,
  { resource, owner, ownerResource }: Claim<T>,
  object: T,
): Promise<boolean> {
  const { name, namespace, uid } = metaOf(object);
  const patch = { metadata: { ownerReferences: [newControllerReference(ownerResource, owner)], uid } };
  try {
    await context.client.of(resource).patch(name, patch, { type: "strategic", namespace });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function release<T extends KubernetesObject>(
  context: ControllerContext,
  { resource, owner }: Claim<T>,
  object: T,
): Promise<void> {
  const { name, namespace, uid } = metaOf(object);
  const patch = { metadata: { ownerReferences: [{ $patch: "delete", uid: metaOf(owner).uid }], uid } };
  try {
    await context.client.of(resource).patch(name, patch, { type: "strategic", namespace });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
