import type {
  PersistentVolume,
  PersistentVolumeClaim,
  PersistentVolumeClaimStatus,
} from "../../kinds/generated/core-v1.ts";

const preResizeCapacity = "volume.alpha.kubernetes.io/pre-resize-capacity";

/**
 * The status of a claim that is in a phase, with what it has of its volume. Its capacity and class of attributes are the
 * volume's when they are bound, and then a resizer's to change.
 */
export function claimStatus(
  { status = {} }: PersistentVolumeClaim,
  phase: string,
  volume: PersistentVolume | undefined,
): PersistentVolumeClaimStatus {
  const { accessModes: _, capacity, currentVolumeAttributesClassName: current, ...rest } = status;
  if (volume === undefined) return { ...rest, phase };
  const { accessModes, volumeAttributesClassName } = volume.spec ?? {};
  const binds = status.phase === "Pending" && phase === "Bound";
  return {
    ...rest,
    phase,
    accessModes,
    capacity: status.phase === phase ? capacity : capacityOnceBound(volume, capacity),
    currentVolumeAttributesClassName: binds ? volumeAttributesClassName : current,
  };
}

/** A volume that grew before its file system did says how large that still is. */
function capacityOnceBound(
  { metadata, spec }: PersistentVolume,
  capacity: Record<string, string> | undefined,
): Record<string, string> | undefined {
  const before = metadata?.annotations?.[preResizeCapacity];
  return before === undefined ? spec?.capacity : { ...capacity, storage: before };
}
