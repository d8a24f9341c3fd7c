import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createLogger } from "../../lib/log.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import { volumeFolder } from "../settings.ts";
import { createCounters } from "../stats/counters.ts";
import { busybox, makeContainer, makePod, makeRuntimePod } from "../testing/runtime-objects.ts";
import { checkForEviction, type EvictionInput, evictPods } from "./eviction.ts";
import { createPressure } from "./pressure.ts";
import { defaultThresholds, type Observations } from "./thresholds.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mini-eviction-"));
});
afterEach(() => rm(root, { recursive: true }));

const plenty: Observations = new Map([["nodefs.available", { available: 50 * 2 ** 20, capacity: 100 * 2 ** 20 }]]);
const scarce: Observations = new Map([["nodefs.available", { available: 5 * 2 ** 20, capacity: 100 * 2 ** 20 }]]);

const patience = { timeout: 10_000 };

interface Given {
  readonly layerBytes?: number;
  /** What each look at the node gives, the last one for ever. */
  readonly observations?: readonly Observations[];
}

function setUp(pods: readonly Pod[], { layerBytes = 0, observations = [plenty] }: Given = {}) {
  const workers = pods.map((pod) => ({
    pod,
    state: "syncing",
    runtimePod: makeRuntimePod(makeContainer("c", "running")),
    terminate: vi.fn(),
  }));
  const stats = { attributes: { id: "c-id" }, writableLayer: { usedBytes: { value: layerBytes } } };
  const listContainerStats = vi.fn(async () => [stats]);
  const left = [...observations];
  const clock = new FakeClock();
  const counters = createCounters();
  const pressure = createPressure(clock, 300_000);
  const stopped = new AbortController();
  const event = vi.fn();
  const removeDead = vi.fn(async () => undefined);
  const reclaimDisk = vi.fn(async () => undefined);
  const input: EvictionInput = {
    runtime: { listContainerStats },
    cgroups: { parentOf: () => "/p", directory: (path) => join(root, path) },
    manager: {
      workers: () => workers as unknown as PodWorker[],
      removeDead,
      get: (uid) => workers.find(({ pod }) => pod.metadata?.uid === uid) as unknown as PodWorker,
    },
    settings: { root, podLogs: join(root, "logs") },
    thresholds: defaultThresholds(false),
    pressure,
    counters,
    clock,
    log: createLogger("test"),
    signal: stopped.signal,
    event,
    node: () => ({ metadata: { name: "n" } }),
    observe: async () => (left.length > 1 ? left.shift() : left[0]) as Observations,
    reclaimDisk,
  };
  return { input, workers, listContainerStats, event, pressure, counters, reclaimDisk, removeDead, clock, stopped };
}

describe("limits of local storage", () => {
  it("ends a pod whose writable layer exceeds the limit, and says why", async () => {
    const pod = makePod({ containers: [busybox("c", { resources: { limits: { "ephemeral-storage": "5Mi" } } })] });
    const { input, workers, event, counters } = setUp([pod], { layerBytes: 6 * 2 ** 20 });
    await checkForEviction(input);
    const message = "Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ";
    expect(event).toHaveBeenCalledExactlyOnceWith(pod, "Warning", "Evicted", message);
    expect(workers[0]?.terminate).toHaveBeenCalledExactlyOnceWith(1, { reason: "Evicted", message });
    expect(counters.render()).toContain('kubelet_evictions{eviction_signal="ephemeralpodfs.limit"} 1\n');
  });

  it("ends pods with a volume that is too large, but no critical one", async () => {
    const volume = { name: "v", emptyDir: { sizeLimit: "8Ki" } };
    const pods = ["u1", "u2"].map((uid, index) =>
      makePod({ volumes: [volume], priority: index * 2_000_000_000 }, { uid }),
    );
    for (const uid of ["u1", "u2"]) {
      const folder = volumeFolder({ root }, uid, volume);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, "file"), Buffer.alloc(20_000, 1));
    }
    const { input, workers, listContainerStats } = setUp(pods);
    await checkForEviction(input);
    expect(workers.map(({ terminate }) => terminate.mock.calls.length)).toEqual([1, 0]);
    expect(listContainerStats).not.toHaveBeenCalled();
  });

  it("are nothing to ask the runtime about where there are none", async () => {
    const { input, workers, listContainerStats } = setUp([makePod({ volumes: [{ name: "v", emptyDir: {} }] })]);
    expect(await checkForEviction(input)).toEqual([]);
    expect(listContainerStats).not.toHaveBeenCalled();
    expect(workers[0]?.terminate).not.toHaveBeenCalled();
  });
});

describe("a node that is short of disk", () => {
  const pod = makePod({ volumes: [{ name: "v", emptyDir: {} }] });

  it("removes what nobody uses first, and leaves the pods alone when that is enough", async () => {
    const { input, workers, event, pressure, reclaimDisk } = setUp([pod], { observations: [scarce, plenty] });
    await checkForEviction(input);
    const message = "Attempting to reclaim ephemeral-storage";
    expect(event).toHaveBeenCalledExactlyOnceWith(expect.anything(), "Warning", "EvictionThresholdMet", message);
    expect(reclaimDisk).toHaveBeenCalledOnce();
    expect(workers[0]?.terminate).not.toHaveBeenCalled();
    expect(pressure.has("DiskPressure")).toBe(true);
  });

  it("ends one pod when it is not, as a disruption that is not the pod's fault", async () => {
    const spec = { containers: [busybox("c", { resources: { requests: { "ephemeral-storage": "2Gi" } } })] };
    const pods = [makePod(spec, { uid: "modest" }), makePod({}, { uid: "greedy" })];
    const { input, workers, event, counters } = setUp(pods, { observations: [scarce], layerBytes: 1024 ** 3 });
    await checkForEviction(input);
    const message =
      "The node was low on resource: ephemeral-storage. Threshold quantity: 10Mi, available: 5Mi. " +
      "Container c was using 1Gi, request is 0, has larger consumption of ephemeral-storage. ";
    expect(workers.map(({ terminate }) => terminate.mock.calls)).toEqual([
      [],
      [[1, { reason: "Evicted", message, disruption: true }]],
    ]);
    expect(event).toHaveBeenLastCalledWith(pods[1], "Warning", "Evicted", message);
    expect(counters.render()).toContain('kubelet_evictions{eviction_signal="nodefs.available"} 1\n');
  });

  it("removes what an evicted pod leaves when it has ended, before it looks again", async () => {
    const { input, workers, clock, stopped, removeDead } = setUp([pod], { observations: [scarce] });
    const done = evictPods(input);
    const [worker] = workers;
    await vi.waitFor(() => expect(worker?.terminate).toHaveBeenCalledOnce(), patience);
    await clock.advance(20_000);
    expect(removeDead).not.toHaveBeenCalled();
    Object.assign(worker ?? {}, { state: "finished" });
    await clock.advance(1000);
    await vi.waitFor(() => expect(removeDead).toHaveBeenCalledExactlyOnceWith([worker]), patience);
    stopped.abort();
    await done;
  });
});
