/** Phase and the time of its last change. */
import { formatTime } from "../../../lib/clock.ts";
import type { WriteContext } from "../../../machinery/kind.ts";
import type { PersistentVolume } from "../../generated/core-v1.ts";

export function prepareForCreate(volume: PersistentVolume, { now }: WriteContext): void {
  volume.status = { phase: "Pending", lastPhaseTransitionTime: formatTime(now) };
}

export function prepareForStatusUpdate(volume: PersistentVolume, old: PersistentVolume, { now }: WriteContext): void {
  volume.status ??= {};
  const before = old.status?.lastPhaseTransitionTime;
  if (volume.status.phase === old.status?.phase) volume.status.lastPhaseTransitionTime ??= before;
  else if ((volume.status.lastPhaseTransitionTime ?? before) === before) {
    volume.status.lastPhaseTransitionTime = formatTime(now);
  }
}
