import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createLogger } from "../../lib/log.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import { volumeFolder } from "../settings.ts";
import { makePod } from "../testing/runtime-objects.ts";
import { claimMetrics } from "./claim-metrics.ts";
import { createSummary, type SummaryInput } from "./summary.ts";
import { createVolumeStatsReader } from "./volume-stats.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mini-summary-"));
});
afterEach(() => rm(root, { recursive: true }));

const scratch = { name: "scratch", emptyDir: {} };
const pod: Pod = makePod(
  { volumes: [scratch, { name: "data", persistentVolumeClaim: { claimName: "c1" } }] },
  { name: "web", namespace: "shop", uid: "u1" },
);
const labels = {
  "io.kubernetes.container.name": "c",
  "io.kubernetes.pod.name": "web",
  "io.kubernetes.pod.namespace": "shop",
  "io.kubernetes.pod.uid": "u1",
};

interface FsStats {
  readonly usedBytes: number;
}
interface Summary {
  readonly node: { readonly runtime: Record<"imageFs" | "containerFs", FsStats>; readonly rlimit: object };
  readonly pods: readonly {
    readonly containers: readonly { readonly rootfs: FsStats; readonly logs: FsStats }[];
    readonly volume: readonly FsStats[];
    readonly "ephemeral-storage": FsStats;
  }[];
}

async function setUp() {
  const clock = new FakeClock();
  const folder = volumeFolder({ root }, "u1", scratch);
  const logs = join(root, "logs", "shop_web_u1", "c");
  for (const path of [folder, logs]) await mkdir(path, { recursive: true });
  await writeFile(join(logs, "0.log"), Buffer.alloc(100_000, 1));
  await writeFile(join(folder, "file"), Buffer.alloc(300_000, 1));
  const mounted = new Map([
    ["scratch", { path: folder, readOnly: false, measure: "files" as const }],
    ["data", { path: root, readOnly: false, measure: "file system" as const }],
  ]);
  const volumes = createVolumeStatsReader({
    volumes: { mounted: () => mounted },
    clock,
    log: createLogger("test"),
  });
  const running = {
    attributes: { id: "c1", labels },
    cpu: { timestamp: 5e9, usageCoreNanoSeconds: { value: 7 } },
    memory: { workingSetBytes: { value: 4096 } },
    writableLayer: { usedBytes: { value: 1_000_000 }, inodesUsed: { value: 3 } },
  };
  const filesystem = { fsId: { mountpoint: root }, usedBytes: { value: 5000 }, inodesUsed: { value: 50 } };
  const input: SummaryInput = {
    runtime: { listContainerStats: async () => [running], listContainers: async () => [{ id: "c1", createdAt: 1e9 }] },
    images: { imageFileSystems: async () => ({ imageFilesystems: [filesystem] }) },
    cgroups: { version: 2, pods: "/kubepods", parentOf: () => "/p", directory: (path) => join(root, path) },
    volumes,
    settings: { nodeName: "n", root, podLogs: join(root, "logs") },
    manager: { get: () => ({ pod }) as PodWorker, workers: () => [] },
    clock,
    startTime: () => "2026-01-01T00:00:00Z",
  };
  return { read: createSummary(input), volumes, clock, folder };
}

describe("the summary", () => {
  it("says what a pod has on disk, part by part and as a whole", async () => {
    const { read } = await setUp();
    const { node, pods } = (await read("all")) as Summary;
    expect(node.runtime.imageFs).toMatchObject({ usedBytes: 5000, inodesUsed: 50 });
    expect(node.runtime.containerFs).toEqual(node.runtime.imageFs);
    expect(node.rlimit).toMatchObject({ maxpid: expect.any(Number), curproc: expect.any(Number) });
    const web = pods[0] as Summary["pods"][0];
    const [container] = web.containers;
    expect(container?.rootfs).toMatchObject({ usedBytes: 1_000_000, inodesUsed: 3, inodes: expect.any(Number) });
    expect(container?.logs).toMatchObject({ inodesUsed: 1, capacityBytes: expect.any(Number) });
    const [ephemeral, claimed] = web.volume;
    expect(ephemeral).toMatchObject({ name: "scratch", inodesUsed: 2 });
    expect(claimed).toMatchObject({ name: "data", pvcRef: { name: "c1", namespace: "shop" } });
    const parts = 1_000_000 + (container?.logs.usedBytes ?? 0) + (ephemeral?.usedBytes ?? 0);
    expect(parts).toBeGreaterThanOrEqual(1_400_000);
    expect(web["ephemeral-storage"]).toMatchObject({ usedBytes: parts, inodesUsed: 6 });
  });

  it("leaves the disk alone when only processors and memory are asked for", async () => {
    const { read } = await setUp();
    const { node, pods } = (await read("cpu and memory")) as { node: object; pods: object[] };
    expect(node).not.toHaveProperty("fs");
    expect(pods).toEqual([expect.not.objectContaining({ "ephemeral-storage": expect.anything() })]);
    expect(pods).toEqual([expect.objectContaining({ memory: expect.objectContaining({ workingSetBytes: 4096 }) })]);
  });

  it("looks at volumes once a minute", async () => {
    const { volumes, clock, folder } = await setUp();
    const inodes = async () => (await volumes.read(pod)).ephemeral[0]?.inodesUsed;
    expect(await inodes()).toBe(2);
    await writeFile(join(folder, "another"), "x");
    await clock.advance(59_000);
    expect(await inodes()).toBe(2);
    await clock.advance(1000);
    expect(await inodes()).toBe(3);
  });

  it("gives each claim once to Prometheus", async () => {
    const { volumes } = await setUp();
    const { others } = await volumes.read(pod);
    const lines = claimMetrics([...others, ...others]).split("\n");
    expect(lines.filter((line) => line.startsWith("kubelet_volume_stats_used_bytes"))).toEqual([
      `kubelet_volume_stats_used_bytes{namespace="shop",persistentvolumeclaim="c1"} ${others[0]?.usedBytes}`,
    ]);
  });
});
