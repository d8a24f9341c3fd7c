/**
 * CPU and memory figures of the node and its containers, as the Summary API and in Prometheus' text form. Fed by the
 * runtime and the node's control groups, whenever somebody asks; feeds the kubelet's server.
 */
import { statfs } from "node:fs/promises";
import { type Clock, formatTime } from "../../lib/clock.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { type ContainerUsage, readContainerUsage } from "./container-usage.ts";
import { containerMetrics, gauge, resourceMetrics } from "./exposition.ts";
import { readNodeUsage } from "./node-usage.ts";

export interface StatsSource {
  /** stats.k8s.io/v1alpha1 Summary. */
  summary(): Promise<object>;
  /** `path`: empty, `resource`, `cadvisor` or `probes`. */
  metrics(path: string): Promise<string>;
}

export interface StatsInput {
  readonly runtime: RuntimeService;
  readonly nodeName: string;
  readonly root: string;
  readonly clock: Clock;
  /** Start times of pods by uid, RFC 3339. */
  startTime(uid: string): string | undefined;
  runningPods(): number;
}

interface CpuSample {
  readonly at: number;
  readonly nanoseconds: number;
}

export function createStatsSource(input: StatsInput): StatsSource {
  const { runtime, nodeName, clock, root } = input;
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

  const containerSummary = (one: ContainerUsage): object => {
    const time = formatTime(one.at);
    const { usage, workingSet, rss, pageFaults, majorPageFaults } = one.memory;
    return {
      name: one.name,
      startTime: formatTime(one.started),
      cpu: {
        time,
        usageNanoCores: one.nanoCores ?? rate(one.id, one.cpuNanoseconds),
        usageCoreNanoSeconds: one.cpuNanoseconds,
      },
      memory: {
        time,
        usageBytes: usage,
        workingSetBytes: workingSet,
        rssBytes: rss,
        pageFaults,
        majorPageFaults,
      },
      rootfs: { time, usedBytes: one.writableLayerBytes },
      logs: { time },
    };
  };

  const podSummary = (containers: readonly ContainerUsage[], time: string): object => {
    const { name, namespace, uid } = (containers[0] as ContainerUsage).pod;
    const sum = (of: (one: ContainerUsage) => number): number => containers.reduce((total, one) => total + of(one), 0);
    return {
      podRef: { name, namespace, uid },
      startTime: input.startTime(uid) ?? started,
      containers: containers.map(containerSummary),
      cpu: { time, usageCoreNanoSeconds: sum((one) => one.cpuNanoseconds) },
      memory: { time, workingSetBytes: sum((one) => one.memory.workingSet) },
    };
  };

  const readContainers = (): Promise<ContainerUsage[]> => readContainerUsage(runtime, clock.now());

  return {
    async summary() {
      const [containers, { cpuNanoseconds, memory }, disk] = await Promise.all([
        readContainers(),
        readNodeUsage(),
        statfs(root),
      ]);
      const ids = new Set(["node", ...containers.map(({ id }) => id)]);
      for (const key of samples.keys()) if (!ids.has(key)) samples.delete(key);
      const time = formatTime(clock.now());
      const filesystem = {
        time,
        availableBytes: disk.bavail * disk.bsize,
        capacityBytes: disk.blocks * disk.bsize,
        usedBytes: (disk.blocks - disk.bfree) * disk.bsize,
        inodesFree: disk.ffree,
        inodes: disk.files,
        inodesUsed: disk.files - disk.ffree,
      };
      const { usage, workingSet, available } = memory;
      return {
        node: {
          nodeName,
          startTime: started,
          cpu: { time, usageNanoCores: rate("node", cpuNanoseconds), usageCoreNanoSeconds: cpuNanoseconds },
          memory: { time, availableBytes: available, usageBytes: usage, workingSetBytes: workingSet },
          fs: filesystem,
          runtime: { imageFs: filesystem },
        },
        pods: [...Map.groupBy(containers, ({ pod }) => pod.uid).values()].map((members) => podSummary(members, time)),
      };
    },
    async metrics(path) {
      if (path === "resource") {
        const [containers, node] = await Promise.all([readContainers(), readNodeUsage()]);
        return resourceMetrics(containers, node, clock.now());
      }
      if (path === "cadvisor") return containerMetrics(await readContainers());
      if (path === "probes") return "";
      const resident = process.memoryUsage.rss();
      return [
        gauge("kubelet_running_pods", "Number of pods that have a running pod sandbox", [
          { value: input.runningPods() },
        ]),
        gauge("process_resident_memory_bytes", "Resident memory size in bytes.", [{ value: resident }]),
      ].join("");
    },
  };
}
