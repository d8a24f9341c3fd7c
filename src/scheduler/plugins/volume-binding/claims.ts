import { isReservedFor, isSelectedBy, satisfies } from "../../../kinds/core/persistent-volume/claim-matching.ts";
import { bindCompletedAnnotation } from "../../../kinds/core/persistent-volume-claim/annotations.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../../kinds/generated/core-v1.ts";

export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return Boolean(claim.spec?.volumeName) && claim.metadata?.annotations?.[bindCompletedAnnotation] !== undefined;
}

/** Whether a volume could serve a claim: it is reserved for it, or free and as it asks. */
export function couldServe(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (volume.metadata?.deletionTimestamp !== undefined) return false;
  if (volume.spec?.claimRef !== undefined) return isReservedFor(volume, claim);
  return satisfies(volume, claim) && isSelectedBy(volume, claim);
}
