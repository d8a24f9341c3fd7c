/** What a pod's volumes are mounted as; see create-volume-manager.ts for how. */
import type { Pod } from "../../kinds/generated/core-v1.ts";

export interface MountedVolume {
  /** On the node; empty for an image volume, which is mounted when a container wants it (image-mounts.ts). */
  readonly path: string;
  readonly readOnly: boolean;
  /** How to count what is in it: its files, or its whole file system. Absent: not the pod's own, not counted. */
  readonly measure?: "files" | "file system";
}

export interface VolumeManager {
  /**
   * Sets up every volume of the pod, or brings what is there up to date. Idempotent. Throws an Error whose message
   * names the volumes that are missing.
   */
  mount(pod: Pod): Promise<ReadonlyMap<string, MountedVolume>>;
  /** What that pod has; undefined: nothing was set up yet. */
  mounted(uid: string): ReadonlyMap<string, MountedVolume> | undefined;
  /** Milliseconds after which contents may have changed (ConfigMaps, tokens); undefined: never. */
  refreshAfter(pod: Pod): number | undefined;
  /** Takes down every volume of that pod and removes its folder. Idempotent. */
  unmount(uid: string): Promise<void>;
  /** The uids that have a folder on the node. */
  list(): Promise<string[]>;
}
