import { describe, expect, it } from "vitest";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { readContainerUsage } from "./container-usage.ts";
import { resourceMetrics } from "./exposition.ts";
import { readNodeUsage } from "./node-usage.ts";

const labels = (container: string) => ({
  "io.kubernetes.container.name": container,
  "io.kubernetes.pod.name": "web",
  "io.kubernetes.pod.namespace": "shop",
  "io.kubernetes.pod.uid": "u1",
});
const counted = (id: string, cpu: number, memory: number) => ({
  attributes: { id, labels: labels(id) },
  cpu: { timestamp: 5_000_000_000, usageCoreNanoSeconds: { value: cpu } },
  memory: { workingSetBytes: { value: memory } },
});

describe("/metrics/resource", () => {
  it("gives containers, pods and the node with the times at which they were counted", async () => {
    const runtime = {
      listContainerStats: async () => [counted("c1", 2_500_000_000, 4096), counted("c2", 500_000_000, 8192)],
      listContainers: async () => [
        { id: "c1", createdAt: 1_500_000_000 },
        { id: "c2", createdAt: 2_000_000_000 },
      ],
    } as unknown as RuntimeService;
    const containers = await readContainerUsage(runtime, 6000);
    const memory = { usage: 3, workingSet: 2, rss: 1, pageFaults: 0, majorPageFaults: 0, available: 1 };
    const text = resourceMetrics(containers, { cpuNanoseconds: 9_000_000_000, memory }, 6000);
    expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
      'container_cpu_usage_seconds_total{container="c1",namespace="shop",pod="web"} 2.5 5000',
      'container_cpu_usage_seconds_total{container="c2",namespace="shop",pod="web"} 0.5 5000',
      'container_memory_working_set_bytes{container="c1",namespace="shop",pod="web"} 4096 5000',
      'container_memory_working_set_bytes{container="c2",namespace="shop",pod="web"} 8192 5000',
      'container_start_time_seconds{container="c1",namespace="shop",pod="web"} 1.5',
      'container_start_time_seconds{container="c2",namespace="shop",pod="web"} 2',
      "node_cpu_usage_seconds_total 9 6000",
      "node_memory_working_set_bytes 2 6000",
      'pod_cpu_usage_seconds_total{namespace="shop",pod="web"} 3 5000',
      'pod_memory_working_set_bytes{namespace="shop",pod="web"} 12288 5000',
      "resource_scrape_error 0",
      "scrape_error 0",
      "",
    ]);
  });

  it("leaves out containers that ended while they were counted", async () => {
    const runtime = {
      listContainerStats: async () => [counted("gone", 1, 1), { attributes: { id: "created" } }],
      listContainers: async () => [{ id: "created", createdAt: 1 }],
    } as unknown as RuntimeService;
    expect(await readContainerUsage(runtime, 0)).toEqual([]);
  });
});

describe("the node's usage", () => {
  const meminfo = "MemTotal:       1000 kB\nMemFree:         600 kB\nMemAvailable:    700 kB\n";
  it.each([
    {
      of: "a container on control groups v1",
      files: {
        "/sys/fs/cgroup/cpuacct/cpuacct.usage": "7000\n",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "204800\n",
        "/sys/fs/cgroup/memory/memory.stat":
          "inactive_file 1\nrss 1\ntotal_rss 3\ntotal_pgmajfault 4\ntotal_inactive_file 102400\n",
      },
      cpu: 7000,
      memory: { usage: 204_800, workingSet: 102_400, available: 921_600, rss: 3, majorPageFaults: 4 },
    },
    {
      of: "a container on control groups v2",
      files: {
        "/sys/fs/cgroup/cpu.stat": "usage_usec 7\nuser_usec 3\n",
        "/sys/fs/cgroup/memory.current": "204800\n",
        "/sys/fs/cgroup/memory.stat": "anon 5\ninactive_file 4096\n",
      },
      cpu: 7000,
      memory: { usage: 204_800, workingSet: 200_704, available: 823_296, rss: 5 },
    },
    {
      of: "a machine on control groups v2",
      files: {
        "/sys/fs/cgroup/cpu.stat": "usage_usec 7\n",
        "/sys/fs/cgroup/memory.stat": "inactive_file 102400\n",
      },
      cpu: 7000,
      memory: { usage: 409_600, workingSet: 307_200, available: 716_800 },
    },
    {
      of: "a machine without control groups",
      files: { "/proc/stat": "cpu  1 2 3 99 99 4 5 0 0 0\ncpu0 1\n" },
      cpu: 150_000_000,
      memory: { usage: 409_600, workingSet: 409_600, available: 614_400 },
    },
  ])("is that of $of", async ({ files, cpu, memory }) => {
    const all: Record<string, string> = { "/proc/meminfo": meminfo, ...files };
    const none = { rss: 0, pageFaults: 0, majorPageFaults: 0 };
    expect(await readNodeUsage(async (path) => all[path])).toEqual({
      cpuNanoseconds: cpu,
      memory: { ...none, ...memory },
    });
  });
});
