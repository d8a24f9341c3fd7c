/**
 * Keep claims that pods use, volumes that claims use, and attributes classes that either uses, from being removed: a
 * finalizer goes on when they are created, and off when they are deleted and no longer in use.
 */

import { splitKey } from "../../client/object-cache.ts";
import { persistentVolumeClaims, persistentVolumes, pods, volumeAttributesClasses } from "../../client/resources.ts";
import type { ResourceRef } from "../../client/types.ts";
import { claimNames } from "../../kinds/core/pod/claim-names.ts";
import { isPodFinished } from "../../kinds/core/pod/pod-state.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../kinds/generated/core-v1.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";

const claimFinalizer = "kubernetes.io/pvc-protection";
const volumeFinalizer = "kubernetes.io/pv-protection";
const classFinalizer = "kubernetes.io/vac-protection";

const claimKeys = (pod: Pod): string[] => claimNames(pod).map((name) => `${metaOf(pod).namespace}/${name}`);

const claimIndex = "claims";

export const claimProtectionController = defineController({
  name: "persistentvolumeclaim-protection",
  primary: persistentVolumeClaims,
  watches: [
    watch(pods, (pod, _, { type, old }) =>
      type === "deleted" || (isPodFinished(pod) && old !== undefined && !isPodFinished(old)) ? claimKeys(pod) : [],
    ),
  ],
  setUp: (context) => context.informers.of(pods).addIndex(claimIndex, claimKeys),
  reconcile: (key, context) =>
    protect(persistentVolumeClaims, claimFinalizer, key, context, () => {
      const users = context.lister(pods).byIndex(claimIndex, key);
      // A pod that never got a node does not hold its claims.
      return users.some((pod) => !isPodFinished(pod) && Boolean(pod.spec?.nodeName));
    }),
});

export const volumeProtectionController = defineController({
  name: "persistentvolume-protection",
  primary: persistentVolumes,
  reconcile: (key, context) =>
    protect(persistentVolumes, volumeFinalizer, key, context, () => {
      const phase = context.lister(persistentVolumes).get(key)?.status?.phase;
      return phase === "Bound";
    }),
});

const named = (names: readonly (string | undefined)[]): string[] => names.filter((name) => name !== undefined);

const classesOfClaim = ({ spec, status }: PersistentVolumeClaim): string[] =>
  named([
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ]);
const classesOfVolume = ({ spec }: PersistentVolume): string[] => named([spec?.volumeAttributesClassName]);

export const attributesClassProtectionController = defineController({
  name: "volumeattributesclass-protection",
  primary: volumeAttributesClasses,
  watches: [
    watch(persistentVolumeClaims, (claim, _, { old }) => [
      ...classesOfClaim(claim),
      ...(old === undefined ? [] : classesOfClaim(old)),
    ]),
    watch(persistentVolumes, (volume, _, { old }) => [
      ...classesOfVolume(volume),
      ...(old === undefined ? [] : classesOfVolume(old)),
    ]),
  ],
  reconcile: (key, context) =>
    protect(volumeAttributesClasses, classFinalizer, key, context, () => {
      const claims = context.lister(persistentVolumeClaims).list().flatMap(classesOfClaim);
      return [...claims, ...context.lister(persistentVolumes).list().flatMap(classesOfVolume)].includes(key);
    }),
});

async function protect<T extends KubernetesObject>(
  resource: ResourceRef<T>,
  finalizer: string,
  key: string,
  context: ControllerContext,
  inUse: () => boolean,
): Promise<void> {
  const { namespace, name } = splitKey(key);
  const object = context.lister(resource).get(name, namespace);
  if (object === undefined) return;
  const { finalizers = [], deletionTimestamp } = metaOf(object);
  const has = finalizers.includes(finalizer);
  if (deletionTimestamp === undefined && !has) await write(resource, object, [...finalizers, finalizer], context);
  if (deletionTimestamp !== undefined && has && !inUse()) {
    await write(
      resource,
      object,
      finalizers.filter((one) => one !== finalizer),
      context,
    );
  }
}

async function write<T extends KubernetesObject>(
  resource: ResourceRef<T>,
  object: T,
  finalizers: string[],
  context: ControllerContext,
): Promise<void> {
  await ignoreNotFound(context.client.of(resource).update({ ...object, metadata: { ...object.metadata, finalizers } }));
}
