/**
 * Binds claims to volumes. Fed by claims, volumes, storage classes and nodes; feeds the references on both sides and the
 * claims' phase (the volumes' is volume-phase.ts). Volumes of a class with a provisioner are made by that provisioner,
 * which is told through an annotation. Follows upstream's pkg/controller/volume/persistentvolume.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { nodes, persistentVolumeClaims, persistentVolumes, storageClasses } from "../../client/resources.ts";
import { isReservedFor, mismatch } from "../../kinds/core/persistent-volume/claim-matching.ts";
import {
  bindCompletedAnnotation,
  selectedNodeAnnotation,
} from "../../kinds/core/persistent-volume-claim/annotations.ts";
import { namesStorageClass, storageClassOf } from "../../kinds/core/storage-class-name.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../kinds/generated/core-v1.ts";
import { defaultStorageClassOf, isDefaultStorageClass } from "../../kinds/storage/storage-class/default-class.ts";
import { noProvisioner } from "../../kinds/storage/storage-class/provisioner.ts";
import { sameJson, sameStatus } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { claimStatus } from "./claim-status.ts";
import { findVolume } from "./matching.ts";

const boundByController = "pv.kubernetes.io/bound-by-controller";
const provisionerAnnotations = [
  "volume.beta.kubernetes.io/storage-provisioner",
  "volume.kubernetes.io/storage-provisioner",
];

export const claimBinder = defineController({
  name: "persistentvolume-binder",
  component: "persistentvolume-controller",
  primary: persistentVolumeClaims,
  watches: [
    watch(persistentVolumes, (volume, context) => {
      const reference = volume.spec?.claimRef;
      if (reference !== undefined) return [`${reference.namespace}/${reference.name}`];
      return pendingClaims(context).map(objectKey);
    }),
    watch(storageClasses, (storageClass, context) => {
      const mayGetIt = isDefaultStorageClass(storageClass);
      const concerned = pendingClaims(context).filter((claim) =>
        namesStorageClass(claim) ? storageClassOf(claim) === storageClass.metadata?.name : mayGetIt,
      );
      return concerned.map(objectKey);
    }),
    watch(nodes, () => []),
  ],
  // Two claims must not take one volume.
  workers: 1,
  async reconcile(key, context) {
    const { namespace, name } = splitKey(key);
    const claim = context.lister(persistentVolumeClaims).get(name, namespace);
    if (claim === undefined) return;
    if (claim.spec?.volumeName) await followVolume(claim, claim.spec.volumeName, context);
    else if (claim.metadata?.deletionTimestamp === undefined) await seekVolume(claim, context);
  },
});

const pendingClaims = (context: ControllerContext): PersistentVolumeClaim[] =>
  context
    .lister(persistentVolumeClaims)
    .list()
    .filter(({ spec }) => !spec?.volumeName);

/** The claim names its volume: completes the binding, or finds it lost. */
async function followVolume(
  claim: PersistentVolumeClaim,
  volumeName: string,
  context: ControllerContext,
): Promise<void> {
  const volume = context.lister(persistentVolumes).get(volumeName);
  const wasBound = claim.metadata?.annotations?.[bindCompletedAnnotation] !== undefined;
  const isFree = volume?.spec?.claimRef === undefined;
  if (volume !== undefined && (isFree || isReservedFor(volume, claim))) {
    const reason = isFree && !wasBound ? mismatch(volume, claim) : undefined;
    if (reason === undefined) return bind(claim, volume, context);
    const message = `Cannot bind to requested volume ${JSON.stringify(volumeName)}: ${reason}`;
    context.recorder.event(claim, "Warning", "VolumeMismatch", message);
    return setClaimPhase(claim, "Pending", undefined, context);
  }
  if (wasBound) return lose(claim, volume, context);
  if (volume !== undefined) {
    const message = `volume ${JSON.stringify(volumeName)} already bound to a different claim.`;
    context.recorder.event(claim, "Warning", "FailedBinding", message);
  }
  await setClaimPhase(claim, "Pending", undefined, context);
}

async function lose(
  claim: PersistentVolumeClaim,
  volume: PersistentVolume | undefined,
  context: ControllerContext,
): Promise<void> {
  if (claim.status?.phase !== "Lost") {
    const [reason, message] =
      volume === undefined
        ? ["ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!"]
        : ["ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly"];
    context.recorder.event(claim, "Warning", reason, message);
  }
  await setClaimPhase(claim, "Lost", undefined, context);
}

async function seekVolume(claim: PersistentVolumeClaim, context: ControllerContext): Promise<void> {
  const storageClassName = storageClassOf(claim);
  const storageClass = storageClassName ? context.lister(storageClasses).get(storageClassName) : undefined;
  const waits = storageClass?.volumeBindingMode === "WaitForFirstConsumer";
  const nodeName = claim.metadata?.annotations?.[selectedNodeAnnotation];
  const node = nodeName === undefined ? undefined : context.lister(nodes).get(nodeName);
  const volumes = context.lister(persistentVolumes).list();
  const reserved = volumes.find((volume) => isReservedFor(volume, claim));
  if (waits && nodeName === undefined && reserved === undefined) {
    const message = "waiting for first consumer to be created before binding";
    context.recorder.event(claim, "Normal", "WaitForFirstConsumer", message);
    return setClaimPhase(claim, "Pending", undefined, context);
  }
  const volume = findVolume(claim, volumes, node);
  if (volume !== undefined) return bind(claim, volume, context);
  if (!namesStorageClass(claim) && (await assignDefaultClass(claim, context))) return;
  if (storageClass !== undefined && storageClass.provisioner !== noProvisioner) {
    return askProvisioner(claim, storageClass.provisioner, context);
  }
  const message = storageClassName
    ? storageClass === undefined
      ? `storageclass.storage.k8s.io "${storageClassName}" not found`
      : `no volume plugin matched name: ${noProvisioner}`
    : "no persistent volumes available for this claim and no storage class is set";
  const reason = storageClassName ? "ProvisioningFailed" : "FailedBinding";
  context.recorder.event(claim, storageClassName ? "Warning" : "Normal", reason, message);
  await setClaimPhase(claim, "Pending", undefined, context);
}

/** A claim from the time before there was a default class gets it now; false where there is none. */
async function assignDefaultClass(claim: PersistentVolumeClaim, context: ControllerContext): Promise<boolean> {
  const name = defaultStorageClassOf(context.lister(storageClasses).list())?.metadata?.name;
  if (name === undefined) return false;
  const client = context.client.of(persistentVolumeClaims);
  await client.update({ ...claim, spec: { ...claim.spec, storageClassName: name } });
  return true;
}

async function askProvisioner(
  claim: PersistentVolumeClaim,
  provisioner: string,
  context: ControllerContext,
): Promise<void> {
  const message = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  context.recorder.event(claim, "Normal", "ExternalProvisioning", message);
  const wanted = Object.fromEntries(provisionerAnnotations.map((annotation) => [annotation, provisioner]));
  const annotations = { ...claim.metadata?.annotations, ...wanted };
  if (!sameJson(annotations, claim.metadata?.annotations)) {
    const { name, namespace } = metaOf(claim);
    await context.client
      .of(persistentVolumeClaims)
      .patch(name, { metadata: { annotations: wanted } }, { type: "merge", namespace });
  } else await setClaimPhase(claim, "Pending", undefined, context);
}

/** Writes both sides, volume first, each only where it differs; may be repeated. */
async function bind(claim: PersistentVolumeClaim, volume: PersistentVolume, context: ControllerContext): Promise<void> {
  const { name, namespace, uid, resourceVersion } = metaOf(claim);
  const client = context.client.of(persistentVolumes);
  let current = volume;
  if (!volume.spec?.claimRef?.uid) {
    const byHand = volume.spec?.claimRef !== undefined;
    const annotations = byHand ? {} : { annotations: { ...volume.metadata?.annotations, [boundByController]: "yes" } };
    const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid, resourceVersion };
    current = await client.update({
      ...volume,
      metadata: { ...volume.metadata, ...annotations },
      spec: { ...volume.spec, claimRef },
    });
  }
  if (current.status?.phase !== "Bound") {
    current = await client.updateStatus({ ...current, status: { ...current.status, phase: "Bound" } });
  }
  const annotations = {
    ...claim.metadata?.annotations,
    [bindCompletedAnnotation]: "yes",
    ...(claim.spec?.volumeName ? {} : { [boundByController]: "yes" }),
  };
  let bound = claim;
  if (!claim.spec?.volumeName || !sameJson(annotations, claim.metadata?.annotations)) {
    bound = await context.client.of(persistentVolumeClaims).update({
      ...claim,
      metadata: { ...claim.metadata, annotations },
      spec: { ...claim.spec, volumeName: metaOf(current).name },
    });
  }
  await setClaimPhase(bound, "Bound", current, context);
}

async function setClaimPhase(
  claim: PersistentVolumeClaim,
  phase: string,
  volume: PersistentVolume | undefined,
  context: ControllerContext,
): Promise<void> {
  const status = claimStatus(claim, phase, volume);
  if (sameStatus(claim.status, status)) return;
  await context.client.of(persistentVolumeClaims).updateStatus({ ...claim, status });
}
