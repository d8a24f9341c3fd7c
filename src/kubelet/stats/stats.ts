/** CPU and memory figures of the node and its containers, as the Summary API and in Prometheus' text form. */
import { readFile, statfs } from "node:fs/promises";
import { type Clock, formatTime } from "../../lib/clock.ts";
import type { ContainerStats } from "../cri/generated/messages.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { readMemory } from "../node/machine.ts";
import { labelKeys } from "../pods/labels.ts";

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

/** USER_HZ, in which /proc/stat counts. */
const ticksPerSecond = 100;

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

  const readNodeCpu = async (): Promise<number> => {
    const [line = ""] = (await readFile("/proc/stat", "utf8")).split("\n");
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = line.split(/\s+/).slice(1).map(Number);
    return ((user + nice + system + irq + softirq) / ticksPerSecond) * 1e9;
  };

  const containerSummary = (stats: ContainerStats, time: string): object => {
    const cpu = stats.cpu?.usageCoreNanoSeconds?.value ?? 0;
    const memory = stats.memory;
    return {
      name: stats.attributes?.labels?.[labelKeys.containerName] ?? "",
      startTime: started,
      cpu: {
        time,
        usageNanoCores: stats.cpu?.usageNanoCores?.value ?? rate(stats.attributes?.id ?? "", cpu),
        usageCoreNanoSeconds: cpu,
      },
      memory: {
        time,
        usageBytes: memory?.usageBytes?.value ?? memory?.workingSetBytes?.value ?? 0,
        workingSetBytes: memory?.workingSetBytes?.value ?? 0,
        rssBytes: memory?.rssBytes?.value ?? 0,
        pageFaults: memory?.pageFaults?.value ?? 0,
        majorPageFaults: memory?.majorPageFaults?.value ?? 0,
      },
      rootfs: { time, usedBytes: stats.writableLayer?.usedBytes?.value ?? 0 },
      logs: { time },
    };
  };

  const nodeFigures = async () => {
    const [cpu, memory, disk] = await Promise.all([readNodeCpu(), readMemory(), statfs(root)]);
    return { cpu, memory, disk };
  };

  return {
    async summary() {
      const time = formatTime(clock.now());
      const [stats, { cpu, memory, disk }] = await Promise.all([runtime.listContainerStats(), nodeFigures()]);
      const pods = Map.groupBy(stats, ({ attributes }) => attributes?.labels?.[labelKeys.podUid] ?? "");
      const filesystem = {
        time,
        availableBytes: disk.bavail * disk.bsize,
        capacityBytes: disk.blocks * disk.bsize,
        usedBytes: (disk.blocks - disk.bfree) * disk.bsize,
        inodesFree: disk.ffree,
        inodes: disk.files,
        inodesUsed: disk.files - disk.ffree,
      };
      return {
        node: {
          nodeName,
          startTime: started,
          cpu: { time, usageNanoCores: rate("node", cpu), usageCoreNanoSeconds: Math.round(cpu) },
          memory: {
            time,
            availableBytes: memory.available,
            usageBytes: memory.total - memory.available,
            workingSetBytes: memory.total - memory.available,
          },
          fs: filesystem,
          runtime: { imageFs: filesystem },
        },
        pods: [...pods].map(([uid, containers]) => {
          const labels = containers[0]?.attributes?.labels ?? {};
          const sum = (of: (stats: ContainerStats) => number | undefined): number =>
            containers.reduce((total, container) => total + (of(container) ?? 0), 0);
          return {
            podRef: { name: labels[labelKeys.podName], namespace: labels[labelKeys.podNamespace], uid },
            startTime: input.startTime(uid) ?? started,
            containers: containers.map((container) => containerSummary(container, time)),
            cpu: { time, usageCoreNanoSeconds: sum(({ cpu: own }) => own?.usageCoreNanoSeconds?.value) },
            memory: { time, workingSetBytes: sum(({ memory: own }) => own?.workingSetBytes?.value) },
          };
        }),
      };
    },
    async metrics(path) {
      if (path === "resource") return resourceMetrics(await runtime.listContainerStats(), await nodeFigures(), started);
      if (path === "cadvisor") return containerMetrics(await runtime.listContainerStats());
      if (path === "probes") return "";
      return [
        "# HELP kubelet_running_pods Number of pods that have a running pod sandbox",
        "# TYPE kubelet_running_pods gauge",
        `kubelet_running_pods ${input.runningPods()}`,
        "# HELP process_resident_memory_bytes Resident memory size in bytes.",
        "# TYPE process_resident_memory_bytes gauge",
        `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
        "",
      ].join("\n");
    },
  };
}

function containerLabels(stats: ContainerStats): string {
  const labels = stats.attributes?.labels ?? {};
  const name = labels[labelKeys.containerName] ?? "";
  return `container="${name}",namespace="${labels[labelKeys.podNamespace] ?? ""}",pod="${labels[labelKeys.podName] ?? ""}"`;
}

function metric(name: string, type: "counter" | "gauge", help: string, lines: readonly string[]): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

function resourceMetrics(
  stats: readonly ContainerStats[],
  { cpu, memory }: { cpu: number; memory: { total: number; available: number } },
  started: string,
): string {
  const seconds = (nanoseconds: number | undefined): number => (nanoseconds ?? 0) / 1e9;
  const start = Date.parse(started) / 1000;
  return [
    ...metric(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed by the container in core-seconds",
      stats.map(
        (one) =>
          `container_cpu_usage_seconds_total{${containerLabels(one)}} ${seconds(one.cpu?.usageCoreNanoSeconds?.value)}`,
      ),
    ),
    ...metric(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set of the container in bytes",
      stats.map(
        (one) =>
          `container_memory_working_set_bytes{${containerLabels(one)}} ${one.memory?.workingSetBytes?.value ?? 0}`,
      ),
    ),
    ...metric(
      "container_start_time_seconds",
      "gauge",
      "Start time of the container since unix epoch in seconds",
      stats.map((one) => `container_start_time_seconds{${containerLabels(one)}} ${start}`),
    ),
    ...metric("node_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed by the node in core-seconds", [
      `node_cpu_usage_seconds_total ${seconds(cpu)}`,
    ]),
    ...metric("node_memory_working_set_bytes", "gauge", "Current working set of the node in bytes", [
      `node_memory_working_set_bytes ${memory.total - memory.available}`,
    ]),
    ...metric(
      "resource_scrape_error",
      "gauge",
      "1 if there was an error while getting container metrics, 0 otherwise",
      ["resource_scrape_error 0"],
    ),
    "",
  ].join("\n");
}

function containerMetrics(stats: readonly ContainerStats[]): string {
  return [
    ...metric(
      "container_cpu_usage_seconds_total",
      "counter",
      "Cumulative cpu time consumed in seconds.",
      stats.map(
        (one) =>
          `container_cpu_usage_seconds_total{${containerLabels(one)},cpu="total"} ${(one.cpu?.usageCoreNanoSeconds?.value ?? 0) / 1e9}`,
      ),
    ),
    ...metric(
      "container_memory_working_set_bytes",
      "gauge",
      "Current working set in bytes.",
      stats.map(
        (one) =>
          `container_memory_working_set_bytes{${containerLabels(one)}} ${one.memory?.workingSetBytes?.value ?? 0}`,
      ),
    ),
    "",
  ].join("\n");
}
