/** Which volumes can serve which claims: for the scheduler, which looks ahead, and the binder, which decides. */
import { parseQuantity, type Quantity } from "../../../machinery/quantity.ts";
import { compileNodeSelector } from "../../../machinery/scheduling/node-selector.ts";
import { labelSelectorFromObject } from "../../../machinery/selectors/label-selector.ts";
import type { Node, PersistentVolume, PersistentVolumeClaim } from "../../generated/core-v1.ts";

export const capacityOf = ({ spec }: PersistentVolume): Quantity => parseQuantity(spec?.capacity?.["storage"] ?? "0");

/** Whether a volume is set aside for this claim, by hand or by an earlier pass of the binder. */
export function isReservedFor({ spec }: PersistentVolume, { metadata }: PersistentVolumeClaim): boolean {
  const reference = spec?.claimRef;
  if (reference === undefined) return false;
  const { name, namespace, uid } = metadata ?? {};
  return reference.name === name && reference.namespace === namespace && (!reference.uid || reference.uid === uid);
}

/** By class, mode, access modes and size. */
export function satisfies(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec } = volume;
  if ((spec?.storageClassName ?? "") !== (claim.spec?.storageClassName ?? "")) return false;
  if ((spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem")) return false;
  if (!(claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode))) return false;
  return capacityOf(volume).compare(parseQuantity(claim.spec?.resources?.requests?.["storage"] ?? "0")) >= 0;
}

/** A claim without a selector selects every volume. */
export function isSelectedBy({ metadata }: PersistentVolume, { spec }: PersistentVolumeClaim): boolean {
  return !spec?.selector || labelSelectorFromObject(spec.selector).matches(metadata?.labels ?? {});
}

export function isReachableFrom({ spec }: PersistentVolume, node: Node): boolean {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms;
  return terms === undefined || compileNodeSelector(terms)(node);
}
