import type { Pod, Volume } from "../../generated/core-v1.ts";

/** The claim that a volume of a pod names, or that is made for it (a generic ephemeral volume). */
export function claimNameOf({ name, persistentVolumeClaim, ephemeral }: Volume, podName: string): string | undefined {
  return persistentVolumeClaim?.claimName ?? (ephemeral === undefined ? undefined : `${podName}-${name}`);
}

/** Names of the claims that a pod mounts, in its namespace. */
export function claimNames({ metadata, spec }: Pod): string[] {
  return (spec?.volumes ?? []).flatMap((volume) => claimNameOf(volume, metadata?.name ?? "") || []);
}
