import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createLogger } from "../../lib/log.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import { volumeFolder } from "../settings.ts";
import { busybox, makeContainer, makePod, makeRuntimePod } from "../testing/runtime-objects.ts";
import { evictPods } from "./eviction.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mini-eviction-"));
});
afterEach(() => rm(root, { recursive: true }));

async function checkOnce(pods: readonly Pod[], layerBytes: number) {
  const workers = pods.map((pod) => ({
    pod,
    state: "syncing",
    runtimePod: makeRuntimePod(makeContainer("c", "running")),
    terminate: vi.fn(),
  }));
  const stats = { attributes: { id: "c-id" }, writableLayer: { usedBytes: { value: layerBytes } } };
  const listContainerStats = vi.fn(async () => [stats]);
  const event = vi.fn();
  const clock = new FakeClock();
  const stopped = new AbortController();
  const sleep = vi.spyOn(clock, "sleep");
  void evictPods({
    runtime: { listContainerStats },
    manager: {
      workers: () => workers as unknown as PodWorker[],
      get: (uid) => workers.find(({ pod }) => pod.metadata?.uid === uid) as unknown as PodWorker,
    },
    settings: { root, podLogs: join(root, "logs") },
    clock,
    log: createLogger("test"),
    signal: stopped.signal,
    event,
  });
  await clock.advance(10_000);
  await vi.waitFor(() => expect(sleep).toHaveBeenCalledTimes(2));
  stopped.abort();
  return { workers, listContainerStats, event };
}

it("ends a pod whose writable layer exceeds the limit, and says why", async () => {
  const pod = makePod({ containers: [busybox("c", { resources: { limits: { "ephemeral-storage": "5Mi" } } })] });
  const { workers, event } = await checkOnce([pod], 6 * 2 ** 20);
  const message = "Pod ephemeral local storage usage exceeds the total limit of containers 5Mi. ";
  expect(event).toHaveBeenCalledExactlyOnceWith(pod, "Warning", "Evicted", message);
  expect(workers[0]?.terminate).toHaveBeenCalledExactlyOnceWith(1, { reason: "Evicted", message });
});

it("ends pods with a volume that is too large, but no critical one", async () => {
  const spec = { volumes: [{ name: "v", emptyDir: { sizeLimit: "8Ki" } }] };
  const pods = [makePod(spec, { uid: "u1" }), makePod({ ...spec, priority: 2_000_000_000 }, { uid: "u2" })];
  for (const uid of ["u1", "u2"]) {
    const folder = volumeFolder({ root }, uid, { name: "v", emptyDir: {} });
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "file"), Buffer.alloc(20_000, 1));
  }
  const { workers, listContainerStats } = await checkOnce(pods, 0);
  expect(workers.map(({ terminate }) => terminate.mock.calls.length)).toEqual([1, 0]);
  expect(listContainerStats).not.toHaveBeenCalled();
});

it("does not ask the runtime about pods without limits", async () => {
  const pod = makePod({ volumes: [{ name: "v", emptyDir: {} }] });
  const { workers, listContainerStats } = await checkOnce([pod], 2 ** 40);
  expect(listContainerStats).not.toHaveBeenCalled();
  expect(workers[0]?.terminate).not.toHaveBeenCalled();
});
