/** How much of what the node is short of each pod uses; read only when something is short. */
import type { RuntimeService } from "../cri/runtime-service.ts";
import { labelKeys, podUid } from "../pods/labels.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import type { Cgroups } from "../resources/cgroups.ts";
import type { KubeletSettings } from "../settings.ts";
import { type FileUsage, sumUsage } from "../stats/disk-usage.ts";
import { readGroupProcesses } from "../stats/group-usage.ts";
import { isOnDisk, layersOf, readContainerStorage, readVolumeUsage } from "../stats/local-storage-usage.ts";
import type { StarvedResource } from "./thresholds.ts";

export interface PodUsage {
  readonly total: number;
  /** By the container's name; empty where containers are not told apart. */
  readonly containers: ReadonlyMap<string, number>;
}

export interface PodUsageInput {
  readonly runtime: Pick<RuntimeService, "listContainerStats">;
  readonly cgroups: Pick<Cgroups, "directory" | "parentOf">;
  readonly settings: Pick<KubeletSettings, "root" | "podLogs">;
}

/** By the pod's uid; pods without a running container have no figures. Throws RuntimeError and what the file system says. */
export function readPodUsage(
  input: PodUsageInput,
  resource: StarvedResource,
  workers: readonly Pick<PodWorker, "pod" | "runtimePod">[],
): Promise<Map<string, PodUsage>> {
  if (resource === "memory") return readMemoryUsage(input);
  if (resource === "pids") return readProcessUsage(input, workers);
  return readDiskUsage(input, resource === "inodes" ? "inodes" : "bytes", workers);
}

async function readMemoryUsage({ runtime }: PodUsageInput): Promise<Map<string, PodUsage>> {
  const used = new Map<string, { total: number; readonly containers: Map<string, number> }>();
  for (const { attributes, memory } of await runtime.listContainerStats()) {
    const { [labelKeys.podUid]: uid = "", [labelKeys.containerName]: name = "" } = attributes?.labels ?? {};
    const pod = used.get(uid) ?? { total: 0, containers: new Map<string, number>() };
    const bytes = memory?.workingSetBytes?.value ?? 0;
    pod.total += bytes;
    pod.containers.set(name, bytes);
    used.set(uid, pod);
  }
  return used;
}

async function readProcessUsage(
  { cgroups }: PodUsageInput,
  workers: readonly Pick<PodWorker, "pod">[],
): Promise<Map<string, PodUsage>> {
  const used = new Map<string, PodUsage>();
  for (const { pod } of workers) {
    const total = await readGroupProcesses(cgroups, cgroups.parentOf(pod));
    if (total !== undefined) used.set(podUid(pod), { total, containers: new Map() });
  }
  return used;
}

/** Writable layers and logs of containers, and volumes on the node's disk. */
async function readDiskUsage(
  { runtime, settings }: PodUsageInput,
  unit: keyof FileUsage,
  workers: readonly Pick<PodWorker, "pod" | "runtimePod">[],
): Promise<Map<string, PodUsage>> {
  const layers = layersOf(await runtime.listContainerStats());
  const used = new Map<string, PodUsage>();
  for (const { pod, runtimePod } of workers) {
    const running = runtimePod.containers.filter(({ state }) => state === "running");
    if (running.length === 0) continue;
    const { containers } = await readContainerStorage({ settings, pod, running, layers });
    const volumes = await readVolumeUsage(settings, pod, isOnDisk);
    const perContainer = [...containers].map(([name, { rootfs, logs }]) => [name, sumUsage([rootfs, logs])] as const);
    const total = sumUsage([...perContainer.map(([, usage]) => usage), ...volumes.values()]);
    used.set(podUid(pod), {
      total: total[unit],
      containers: new Map(perContainer.map(([name, usage]) => [name, usage[unit]])),
    });
  }
  return used;
}
