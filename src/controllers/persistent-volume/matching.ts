import {
  capacityOf,
  isReachableFrom,
  isReservedFor,
  isSelectedBy,
  satisfies,
  suitsReserved,
} from "../../kinds/core/persistent-volume/claim-matching.ts";
import type { Node, PersistentVolume, PersistentVolumeClaim } from "../../kinds/generated/core-v1.ts";

/**
 * The volume for a claim: one reserved for it, else the smallest unclaimed one that satisfies it and, where a node is
 * given, can be reached from there.
 */
export function findVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  node: Node | undefined,
): PersistentVolume | undefined {
  const reserved = volumes.find((volume) => isReservedFor(volume, claim) && suitsReserved(volume, claim));
  if (reserved !== undefined) return reserved;
  const candidates = volumes.filter((volume) => {
    const reachable = node === undefined || isReachableFrom(volume, node);
    const free = volume.spec?.claimRef === undefined;
    return free && reachable && satisfies(volume, claim) && isSelectedBy(volume, claim);
  });
  return candidates.sort((a, b) => capacityOf(a).compare(capacityOf(b)))[0];
}
