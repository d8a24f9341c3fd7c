/** Which volumes can serve which claims: for the scheduler, which looks ahead, and the binder, which decides. */
import { parseQuantity, type Quantity } from "../../../machinery/quantity.ts";
import { compileNodeSelector } from "../../../machinery/scheduling/node-selector.ts";
import { labelSelectorFromObject } from "../../../machinery/selectors/label-selector.ts";
import type { Node, PersistentVolume, PersistentVolumeClaim } from "../../generated/core-v1.ts";
import { storageClassOf } from "../storage-class-name.ts";

export const capacityOf = ({ spec }: PersistentVolume): Quantity => parseQuantity(spec?.capacity?.["storage"] ?? "0");

/** Whether a volume is set aside for this claim, by hand or by an earlier pass of the binder. */
export function isReservedFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const reference = spec?.claimRef;
  if (reference === undefined) return false;
  const { name, namespace, uid } = metadata ?? {};
  return reference.name === name && reference.namespace === namespace && (!reference.uid || reference.uid === uid);
}

/** What a claim asks that a volume does not have, in upstream's words; undefined where it could have it. */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | undefined {
  const { metadata, spec } = volume;
  if (metadata?.deletionTimestamp !== undefined)
    return `the volume is marked for deletion ${JSON.stringify(metadata.name)}`;
  if (!isLargeEnough(volume, claim)) return "requested PV is too small";
  if (storageClassOf(volume) !== storageClassOf(claim)) return "storageClassName does not match";
  if (!hasAttributes(volume, claim)) return "volumeAttributesClassName does not match";
  if (!hasMode(volume, claim)) return "incompatible volumeMode";
  const hasAccessModes = (claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode));
  return hasAccessModes ? undefined : "incompatible accessMode";
}

export const satisfies = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  mismatch(volume, claim) === undefined;

/** Whether a claim can have the volume that is reserved for it: whoever reserved it chose its class and access modes. */
export const suitsReserved = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  volume.metadata?.deletionTimestamp === undefined &&
  isLargeEnough(volume, claim) &&
  hasAttributes(volume, claim) &&
  hasMode(volume, claim);

const isLargeEnough = (volume: PersistentVolume, { spec }: PersistentVolumeClaim): boolean =>
  capacityOf(volume).compare(parseQuantity(spec?.resources?.requests?.["storage"] ?? "0")) >= 0;

const hasAttributes = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (volume.spec?.volumeAttributesClassName ?? "") === (claim.spec?.volumeAttributesClassName ?? "");

const hasMode = (volume: PersistentVolume, claim: PersistentVolumeClaim): boolean =>
  (volume.spec?.volumeMode ?? "Filesystem") === (claim.spec?.volumeMode ?? "Filesystem");

/** A claim without a selector selects every volume. */
export function isSelectedBy({ metadata }: PersistentVolume, { spec }: PersistentVolumeClaim): boolean {
  return !spec?.selector || labelSelectorFromObject(spec.selector).matches(metadata?.labels ?? {});
}

export function isReachableFrom({ spec }: PersistentVolume, node: Node): boolean {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || compileNodeSelector(terms)(node);
}
