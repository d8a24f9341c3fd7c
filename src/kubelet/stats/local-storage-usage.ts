/** What a pod has on the node's disk: writable layers as the runtime counts them, the rest by looking at its files. */
import { join } from "node:path";
import type { Pod, Volume } from "../../kinds/generated/core-v1.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { labelKeys, podUid } from "../pods/labels.ts";
import { podLogDirectory } from "../pods/sandbox-config.ts";
import { type KubeletSettings, podFolder, volumeFolder } from "../settings.ts";
import { diskUsage, filesUsage } from "./disk-usage.ts";

/** Bytes. */
export interface LocalStorageUsage {
  /** Writable layer and logs of the running containers, by name. */
  readonly containers: ReadonlyMap<string, number>;
  /** By name; of volumes that count or have a limit. */
  readonly volumes: ReadonlyMap<string, number>;
  /** Of the pod as a whole: hosts file, and logs that are no container's. */
  readonly shared: number;
}

export interface LocalStorageInput {
  readonly runtime: Pick<RuntimeService, "listContainerStats">;
  readonly settings: Pick<KubeletSettings, "root" | "podLogs">;
  readonly pod: Pod;
  readonly running: readonly { readonly id: string; readonly name: string }[];
}

/** Whether the volume counts to what the pod has on disk (IsLocalEphemeralVolume); others are in memory, or not the pod's. */
export function isOnDisk({ emptyDir, configMap }: Volume): boolean {
  return configMap !== undefined || (emptyDir !== undefined && !emptyDir.medium);
}

/** All but the volumes. Asks the runtime once. Throws RuntimeError and what the file system says. */
export async function readContainerStorage(input: LocalStorageInput): Promise<Omit<LocalStorageUsage, "volumes">> {
  const { runtime, settings, pod, running } = input;
  const logs = podLogDirectory(settings.podLogs, pod);
  const stats = await runtime.listContainerStats({ labelSelector: { [labelKeys.podUid]: podUid(pod) } });
  const layers = new Map(stats.map((one) => [one.attributes?.id, one.writableLayer?.usedBytes?.value ?? 0]));
  const containers = new Map<string, number>();
  for (const { id, name } of running) {
    containers.set(name, (layers.get(id) ?? 0) + (await filesUsage(join(logs, name))));
  }
  const hosts = await diskUsage(join(podFolder(settings, podUid(pod)), "etc-hosts"));
  return { containers, shared: hosts + (await filesUsage(logs)) };
}

/** Bytes by the name of the volume. Throws what the file system says. */
export async function readVolumeUsage(
  settings: Pick<KubeletSettings, "root">,
  pod: Pod,
  wanted: (volume: Volume) => boolean,
): Promise<Map<string, number>> {
  const usage = new Map<string, number>();
  for (const volume of pod.spec?.volumes ?? []) {
    if (wanted(volume)) usage.set(volume.name, await diskUsage(volumeFolder(settings, podUid(pod), volume.name)));
  }
  return usage;
}
