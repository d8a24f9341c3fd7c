/** What a pod has on the node's disk: writable layers as the runtime counts them, the rest by looking at its files. */
import { join } from "node:path";
import type { Pod, Volume } from "../../kinds/generated/core-v1.ts";
import type { ContainerStats, FilesystemUsage } from "../cri/generated/messages.ts";
import { podUid } from "../pods/labels.ts";
import { podLogDirectory } from "../pods/sandbox-config.ts";
import { type KubeletSettings, podFolder, volumeFolder } from "../settings.ts";
import { diskUsage, type FileUsage, filesUsage, noFiles, sumUsage, TooDeepError } from "./disk-usage.ts";

export interface ContainerStorage {
  /** The writable layer. */
  readonly rootfs: FileUsage;
  readonly logs: FileUsage;
}

export interface LocalStorageUsage {
  /** Of the running containers, by name. */
  readonly containers: ReadonlyMap<string, ContainerStorage>;
  /** By name; of volumes that count or have a limit. */
  readonly volumes: ReadonlyMap<string, FileUsage>;
  /** Of the pod as a whole: hosts file, and logs that are no container's. */
  readonly shared: FileUsage;
}

export interface LocalStorageInput {
  readonly settings: Pick<KubeletSettings, "root" | "podLogs">;
  /** Its metadata alone is looked at. */
  readonly pod: Pod;
  readonly running: readonly { readonly id: string; readonly name: string }[];
  /** Writable layers by container id, of these containers and maybe of others. */
  readonly layers: ReadonlyMap<string, FileUsage>;
}

/** Whether the volume counts to what the pod has on disk (IsLocalEphemeralVolume); others are in memory, or not the pod's. */
export function isOnDisk({ emptyDir, configMap }: Volume): boolean {
  return configMap !== undefined || (emptyDir !== undefined && !emptyDir.medium);
}

/** All but the volumes. Throws what the file system says. */
export async function readContainerStorage(input: LocalStorageInput): Promise<Omit<LocalStorageUsage, "volumes">> {
  const { settings, pod, running, layers } = input;
  const logs = podLogDirectory(settings.podLogs, pod);
  const containers = new Map<string, ContainerStorage>();
  for (const { id, name } of running) {
    containers.set(name, { rootfs: layers.get(id) ?? noFiles, logs: await filesUsage(join(logs, name)) });
  }
  const folder = podFolder(settings, podUid(pod));
  // Files that every container may write, however small its volumes have to stay: /etc/hosts and its last words.
  const written = [await diskUsage(join(folder, "etc-hosts")), await diskUsage(join(folder, "containers"))];
  return { containers, shared: sumUsage([...written, await filesUsage(logs)]) };
}

/** By container id. */
export function layersOf(stats: readonly ContainerStats[]): Map<string, FileUsage> {
  return new Map(stats.map(({ attributes, writableLayer }) => [attributes?.id ?? "", layerUsage(writableLayer)]));
}

export function layerUsage(layer: FilesystemUsage | undefined): FileUsage {
  return { bytes: layer?.usedBytes?.value ?? 0, inodes: layer?.inodesUsed?.value ?? 0 };
}

/** What a volume takes whose folders are too deep to be counted: more than any limit. */
const uncounted: FileUsage = { bytes: 2 ** 52, inodes: 2 ** 52 };

async function volumeUsage(path: string): Promise<FileUsage> {
  try {
    return await diskUsage(path);
  } catch (error) {
    if (error instanceof TooDeepError) return uncounted;
    throw error;
  }
}

/** By the name of the volume. Throws what the file system says. */
export async function readVolumeUsage(
  settings: Pick<KubeletSettings, "root">,
  pod: Pod,
  wanted: (volume: Volume) => boolean,
): Promise<Map<string, FileUsage>> {
  const usage = new Map<string, FileUsage>();
  for (const volume of pod.spec?.volumes ?? []) {
    if (wanted(volume)) usage.set(volume.name, await volumeUsage(volumeFolder(settings, podUid(pod), volume)));
  }
  return usage;
}

/** All that counts to what the pod has on disk. */
export function podStorage(pod: Pod, { containers, volumes, shared }: LocalStorageUsage): FileUsage {
  const onDisk = (pod.spec?.volumes ?? []).filter(isOnDisk).map(({ name }) => volumes.get(name) ?? noFiles);
  return sumUsage([...[...containers.values()].flatMap(({ rootfs, logs }) => [rootfs, logs]), ...onDisk, shared]);
}
