import type { Node, PersistentVolume, PersistentVolumeClaim } from "../../kinds/generated/core-v1.ts";
import { parseQuantity } from "../../machinery/quantity.ts";
import { compileNodeSelector } from "../../machinery/scheduling/node-selector.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { metaOf } from "../framework/controller-reference.ts";

const sizeOf = (volume: PersistentVolume): ReturnType<typeof parseQuantity> =>
  parseQuantity(volume.spec?.capacity?.["storage"] ?? "0");

/** Whether a volume is set aside for this claim, by hand or by an earlier pass. */
export function isReservedFor({ spec }: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { name, namespace, uid } = metaOf(claim);
  const reference = spec?.claimRef;
  if (reference === undefined || reference.name !== name || reference.namespace !== namespace) return false;
  return !reference.uid || reference.uid === uid;
}

function satisfies(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  const { spec } = volume;
  if ((spec?.storageClassName ?? "") !== (claim.spec?.storageClassName ?? "")) return false;
  if ((spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem")) return false;
  if (!(claim.spec?.accessModes ?? []).every((mode) => spec?.accessModes?.includes(mode))) return false;
  return sizeOf(volume).compare(parseQuantity(claim.spec?.resources?.requests?.["storage"] ?? "0")) >= 0;
}

/**
 * The volume for a claim: one reserved for it, else the smallest unclaimed one that satisfies it and, where a node is
 * given, can be reached from there.
 */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  node: Node | undefined,
): PersistentVolume | undefined {
  const live = volumes.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const reserved = live.find((volume) => isReservedFor(volume, claim) && satisfies(volume, claim));
  if (reserved !== undefined) return reserved;
  const selector = claim.spec?.selector && labelSelectorFromObject(claim.spec.selector);
  const candidates = live.filter((volume) => {
    const terms = volume.spec?.nodeAffinity?.required?.nodeSelectorTerms;
    const reachable = terms === undefined || node === undefined || compileNodeSelector(terms)(node);
    const selected = selector === undefined || selector.matches(volume.metadata?.labels ?? {});
    return volume.spec?.claimRef === undefined && reachable && selected && satisfies(volume, claim);
  });
  return candidates.sort((a, b) => sizeOf(a).compare(sizeOf(b)))[0];
}
