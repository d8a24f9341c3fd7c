/** What pods' volumes hold, for the Summary API: looked at when somebody asks, at most once a minute for each pod. */
import type { Pod, Volume } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { formatTime } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import { podUid } from "../pods/labels.ts";
import type { MountedVolume, VolumeManager } from "../volumes/volume-manager.ts";
import { diskUsage } from "./disk-usage.ts";
import { type FileSystemStats, readFileSystem, usageOn } from "./file-system.ts";
import { isOnDisk } from "./local-storage-usage.ts";

/** stats.k8s.io/v1alpha1 VolumeStats. */
export interface VolumeStats extends FileSystemStats {
  readonly time: string;
  readonly name: string;
  readonly pvcRef?: { readonly name: string; readonly namespace: string };
}

export interface PodVolumeStats {
  /** Those that count to what the pod has on the node's disk. */
  readonly ephemeral: readonly VolumeStats[];
  readonly others: readonly VolumeStats[];
}

export interface VolumeStatsReader {
  read(pod: Pod): Promise<PodVolumeStats>;
  /** Forgets all pods but those. */
  keep(uids: ReadonlySet<string>): void;
}

export interface VolumeStatsInput {
  readonly volumes: Pick<VolumeManager, "mounted">;
  readonly clock: Clock;
  readonly log: Logger;
}

const periodMs = 60_000;

export function createVolumeStatsReader({ volumes, clock, log }: VolumeStatsInput): VolumeStatsReader {
  const known = new Map<string, { readonly at: number; readonly stats: Promise<PodVolumeStats> }>();

  const readVolume = async (pod: Pod, volume: Volume, mounted: MountedVolume): Promise<VolumeStats> => {
    const fileSystem = await readFileSystem(mounted.path);
    const pvcRef = claimOf(pod, volume);
    return {
      time: formatTime(clock.now()),
      ...(mounted.measure === "files" ? usageOn(fileSystem, await diskUsage(mounted.path)) : fileSystem),
      name: volume.name,
      ...(pvcRef === undefined ? {} : { pvcRef }),
    };
  };

  const read = async (pod: Pod, mounted: ReadonlyMap<string, MountedVolume>): Promise<PodVolumeStats> => {
    const ephemeral: VolumeStats[] = [];
    const others: VolumeStats[] = [];
    for (const volume of pod.spec?.volumes ?? []) {
      const found = mounted.get(volume.name);
      if (found?.measure === undefined) continue;
      try {
        (isOnDisk(volume) ? ephemeral : others).push(await readVolume(pod, volume, found));
      } catch (error) {
        log.debug("cannot read a volume's usage", { volume: volume.name, error: errorChain(error) });
      }
    }
    return { ephemeral, others };
  };

  return {
    read(pod) {
      const uid = podUid(pod);
      const before = known.get(uid);
      if (before !== undefined && clock.now() - before.at < periodMs) return before.stats;
      const mounted = volumes.mounted(uid);
      if (mounted === undefined) return Promise.resolve({ ephemeral: [], others: [] });
      const stats = read(pod, mounted);
      known.set(uid, { at: clock.now(), stats });
      return stats;
    },
    keep(uids) {
      for (const uid of known.keys()) if (!uids.has(uid)) known.delete(uid);
    },
  };
}

function claimOf({ metadata }: Pod, { name, persistentVolumeClaim, ephemeral }: Volume): VolumeStats["pvcRef"] {
  const namespace = metadata?.namespace ?? "";
  if (persistentVolumeClaim !== undefined) return { name: persistentVolumeClaim.claimName, namespace };
  return ephemeral === undefined ? undefined : { name: `${metadata?.name ?? ""}-${name}`, namespace };
}
