/**
 * The Summary API (stats.k8s.io/v1alpha1): what the node, its pods and their containers use of processors, memory and
 * disk. Read when somebody asks; upstream's field names, and its way of counting: a pod's ephemeral storage is the
 * writable layers and logs of its containers, its own files, and its volumes on the node's disk.
 */
import { type Clock, formatTime } from "../../lib/clock.ts";
import type { ImageService } from "../cri/image-service.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import type { Cgroups } from "../resources/cgroups.ts";
import type { KubeletSettings } from "../settings.ts";
import { type ContainerUsage, readContainerUsage } from "./container-usage.ts";
import { type FileUsage, sumUsage } from "./disk-usage.ts";
import { type FileSystemStats, readFileSystem, usageOn } from "./file-system.ts";
import { readGroupProcesses, readGroupUsage } from "./group-usage.ts";
import { type ContainerStorage, layerUsage, readContainerStorage } from "./local-storage-usage.ts";
import { type MemoryUsage, readNodeUsage, readProcessLimits } from "./node-usage.ts";
import type { VolumeStatsReader } from "./volume-stats.ts";

export interface SummaryInput {
  readonly runtime: Pick<RuntimeService, "listContainerStats" | "listContainers">;
  readonly images: Pick<ImageService, "imageFileSystems">;
  readonly cgroups: Pick<Cgroups, "version" | "directory" | "parentOf" | "pods">;
  readonly volumes: VolumeStatsReader;
  readonly settings: Pick<KubeletSettings, "nodeName" | "root" | "podLogs">;
  readonly manager: Pick<PodManager, "get" | "workers">;
  readonly clock: Clock;
  /** When the kubelet took the pod in, RFC 3339. */
  startTime(uid: string): string | undefined;
}

export type SummaryScope = "all" | "cpu and memory";

interface CpuSample {
  readonly at: number;
  readonly nanoseconds: number;
}

/** The result reads a Summary. Throws RuntimeError and what the file system says. */
export function createSummary(input: SummaryInput): (scope: SummaryScope) => Promise<object> {
  const { runtime, images, cgroups, volumes, settings, clock } = input;
  const samples = new Map<string, CpuSample>();
  const started = formatTime(clock.now());

  /** Nanocores since the last time that key was asked for. */
  const rate = (key: string, nanoseconds: number): number => {
    const before = samples.get(key);
    const at = clock.now();
    if (before === undefined || at - before.at >= 1000) samples.set(key, { at, nanoseconds });
    if (before === undefined || at === before.at) return 0;
    return Math.max(0, Math.round(((nanoseconds - before.nanoseconds) / (at - before.at)) * 1000));
  };

  const cpuStats = (key: string, time: string, nanoseconds: number): CpuStats => ({
    time,
    usageNanoCores: rate(key, nanoseconds),
    usageCoreNanoSeconds: nanoseconds,
  });

  const containerSummary = (one: ContainerUsage) => {
    const time = formatTime(one.at);
    const cpu = cpuStats(one.id, time, one.cpuNanoseconds);
    return {
      name: one.name,
      startTime: formatTime(one.started),
      cpu: { ...cpu, usageNanoCores: one.nanoCores ?? cpu.usageNanoCores },
      memory: memoryStats(time, one.memory),
    };
  };

  const podSummary = (members: readonly ContainerUsage[], time: string) => {
    const { name, namespace, uid } = (members[0] as ContainerUsage).pod;
    const containers = members.map(containerSummary);
    const sum = (of: (one: (typeof containers)[number]) => number): number =>
      containers.reduce((total, one) => total + of(one), 0);
    return {
      podRef: { name, namespace, uid },
      startTime: input.startTime(uid) ?? started,
      containers,
      cpu: {
        time,
        usageNanoCores: sum(({ cpu }) => cpu.usageNanoCores),
        usageCoreNanoSeconds: sum(({ cpu }) => cpu.usageCoreNanoSeconds),
      },
      memory: {
        time,
        usageBytes: sum(({ memory }) => memory.usageBytes),
        workingSetBytes: sum(({ memory }) => memory.workingSetBytes),
        rssBytes: sum(({ memory }) => memory.rssBytes),
        pageFaults: sum(({ memory }) => memory.pageFaults),
        majorPageFaults: sum(({ memory }) => memory.majorPageFaults),
      },
    };
  };

  const readPodStorage = async (members: readonly ContainerUsage[], disks: Disks, time: string) => {
    const { pod: reference } = members[0] as ContainerUsage;
    const pod = input.manager.get(reference.uid)?.pod;
    const layers = new Map(members.map(({ id, writableLayer }) => [id, writableLayer]));
    const [{ containers, shared }, { ephemeral, others }, processes] = await Promise.all([
      readContainerStorage({ settings, pod: { metadata: reference }, running: members, layers }),
      pod === undefined ? { ephemeral: [], others: [] } : volumes.read(pod),
      pod === undefined ? undefined : readGroupProcesses(cgroups, cgroups.parentOf(pod)),
    ]);
    const used = sumUsage([
      ...[...containers.values()].flatMap(({ rootfs, logs }) => [rootfs, logs]),
      ...ephemeral.map(({ usedBytes, inodesUsed }) => ({ bytes: usedBytes, inodes: inodesUsed })),
      shared,
    ]);
    const all = [...ephemeral, ...others];
    return {
      containers,
      more: {
        ...(all.length === 0 ? {} : { volume: all }),
        "ephemeral-storage": { time, ...usageOn(disks.node, used) },
        ...(processes === undefined ? {} : { process_stats: { process_count: processes } }),
      },
    };
  };

  const readDisks = async (): Promise<Disks> => {
    const [node, { imageFilesystems = [] }] = await Promise.all([
      readFileSystem(settings.root),
      images.imageFileSystems(),
    ]);
    const [first] = imageFilesystems;
    const mountpoint = first?.fsId?.mountpoint;
    return { node, images: mountpoint ? await readFileSystem(mountpoint) : node, inImages: layerUsage(first) };
  };

  const podWithStorage = async (members: readonly ContainerUsage[], disks: Disks, time: string): Promise<object> => {
    const summary = podSummary(members, time);
    const { containers, more } = await readPodStorage(members, disks, time);
    const withDisk = summary.containers.map((one) => ({
      ...one,
      ...containerDisk(containers.get(one.name), disks, time),
    }));
    return { ...summary, containers: withDisk, ...more };
  };

  const readSystemContainers = async (time: string): Promise<object[]> => {
    const usage = await readGroupUsage(cgroups, cgroups.pods);
    if (usage === undefined) return [];
    const { memory, cpuNanoseconds } = usage;
    return [
      {
        name: "pods",
        startTime: started,
        cpu: cpuStats("pods", time, cpuNanoseconds),
        memory: memoryStats(time, memory),
      },
    ];
  };

  return async (scope) => {
    const [containers, { cpuNanoseconds, memory }] = await Promise.all([
      readContainerUsage(runtime, clock.now()),
      readNodeUsage(),
    ]);
    const time = formatTime(clock.now());
    const node = {
      nodeName: settings.nodeName,
      systemContainers: await readSystemContainers(time),
      startTime: started,
      cpu: cpuStats("node", time, cpuNanoseconds),
      memory: { ...memoryStats(time, memory), availableBytes: memory.available },
    };
    const ids = new Set(["node", "pods", ...containers.map(({ id }) => id)]);
    for (const key of samples.keys()) if (!ids.has(key)) samples.delete(key);
    const byPod = Map.groupBy(containers, ({ pod }) => pod.uid);
    volumes.keep(new Set(byPod.keys()));
    const pods = [...byPod.values()];
    if (scope === "cpu and memory") return { node, pods: pods.map((members) => podSummary(members, time)) };
    const [disks, processes] = await Promise.all([readDisks(), readProcessLimits()]);
    const imageFs = { time, ...usageOn(disks.images, disks.inImages) };
    return {
      node: {
        ...node,
        fs: { time, ...disks.node },
        runtime: { imageFs, containerFs: imageFs },
        rlimit: { time, maxpid: processes.maximum, curproc: processes.current },
      },
      pods: await Promise.all(pods.map((members) => podWithStorage(members, disks, time))),
    };
  };
}

interface CpuStats {
  readonly time: string;
  readonly usageNanoCores: number;
  readonly usageCoreNanoSeconds: number;
}

const memoryStats = (time: string, memory: MemoryUsage) => ({
  time,
  usageBytes: memory.usage,
  workingSetBytes: memory.workingSet,
  rssBytes: memory.rss,
  pageFaults: memory.pageFaults,
  majorPageFaults: memory.majorPageFaults,
});

interface Disks {
  /** Of the kubelet's folder. */
  readonly node: FileSystemStats;
  /** Of the runtime's. */
  readonly images: FileSystemStats;
  readonly inImages: FileUsage;
}

/** Writable layers lie with the images, logs with the kubelet's files. */
function containerDisk(storage: ContainerStorage | undefined, disks: Disks, time: string): object {
  if (storage === undefined) return {};
  return {
    rootfs: { time, ...usageOn(disks.images, storage.rootfs) },
    logs: { time, ...usageOn(disks.node, storage.logs) },
  };
}
