import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../../kinds/generated/core-v1.ts";
import { parseQuantity } from "../../../machinery/quantity.ts";
import { labelSelectorFromObject } from "../../../machinery/selectors/label-selector.ts";

/** Names of the claims that a pod mounts, those of its generic ephemeral volumes included. */
export function claimNames(pod: Pod): string[] {
  const names: string[] = [];
  for (const volume of pod.spec?.volumes ?? []) {
    if (volume.persistentVolumeClaim !== undefined) names.push(volume.persistentVolumeClaim.claimName);
    else if (volume.ephemeral !== undefined) names.push(`${pod.metadata?.name}-${volume.name}`);
  }
  return names;
}

export const bindCompletedAnnotation = "pv.kubernetes.io/bind-completed";
export const selectedNodeAnnotation = "volume.kubernetes.io/selected-node";

export function isFullyBound(claim: PersistentVolumeClaim): boolean {
  return Boolean(claim.spec?.volumeName) && claim.metadata?.annotations?.[bindCompletedAnnotation] !== undefined;
}

/** Whether an unclaimed volume could serve a claim: class, size, access modes, mode and selector. */
export function couldServe(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  if (volume.metadata?.deletionTimestamp !== undefined) return false;
  const reserved = volume.spec?.claimRef;
  if (reserved !== undefined) {
    const same = reserved.name === claim.metadata?.name && reserved.namespace === claim.metadata?.namespace;
    return same && (!reserved.uid || reserved.uid === claim.metadata?.uid);
  }
  if ((volume.spec?.storageClassName ?? "") !== (claim.spec?.storageClassName ?? "")) return false;
  if ((volume.spec?.volumeMode ?? "Filesystem") !== (claim.spec?.volumeMode ?? "Filesystem")) return false;
  const modes = volume.spec?.accessModes ?? [];
  if (!(claim.spec?.accessModes ?? []).every((mode) => modes.includes(mode))) return false;
  if (claim.spec?.selector && !labelSelectorFromObject(claim.spec.selector).matches(volume.metadata?.labels ?? {})) {
    return false;
  }
  const wanted = claim.spec?.resources?.requests?.["storage"] ?? "0";
  return parseQuantity(volume.spec?.capacity?.["storage"] ?? "0").compare(parseQuantity(wanted)) >= 0;
}
