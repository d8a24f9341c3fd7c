import { setImmediate as settle } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createLogger } from "../../lib/log.ts";
import { makePod } from "../testing/runtime-objects.ts";
import { PodWorker, type WorkerDependencies } from "./pod-worker.ts";
import { emptyRuntimePod } from "./runtime-status.ts";

/** A worker whose first step starts something; each reading of the runtime and each step takes a millisecond. */
function startWorker(pod = makePod({}, { generation: 1 })) {
  const seen = { reads: 0, startedAt: 0, time: 1_000 };
  const dependencies = {
    clock: { now: () => seen.time },
    log: createLogger("test"),
    reader: {
      async read(uid: string, name: string, namespace: string) {
        seen.reads++;
        seen.time++;
        return emptyRuntimePod(uid, name, namespace);
      },
    },
    syncer: {
      async sync() {
        const changed = seen.startedAt === 0;
        seen.startedAt ||= seen.time;
        seen.time++;
        return { changed, retryAfterMs: undefined };
      },
      kill: async () => undefined,
      forget: () => undefined,
    },
    volumes: { refreshAfter: () => undefined, unmount: async () => undefined },
    cgroups: { remove: async () => true },
    statuses: { set: () => undefined, get: () => undefined, finish: () => undefined },
    finished: () => undefined,
    status: () => ({ phase: "Running" }),
    admit: () => undefined,
    probe: () => undefined,
    prune: async () => undefined,
  } as unknown as WorkerDependencies;
  return { worker: new PodWorker(pod, dependencies, false), seen };
}

describe("a pod worker", () => {
  it("asks the runtime before and after it starts something, and not again when it is told of its own start", async () => {
    const { worker, seen } = startWorker();
    worker.trigger();
    await settle();
    expect(seen.reads).toBe(2);
    worker.trigger(seen.startedAt);
    await settle();
    expect(seen.reads).toBe(2);
  });

  it("asks again when the runtime tells of something newer", async () => {
    const { worker, seen } = startWorker();
    worker.trigger();
    await settle();
    worker.trigger(seen.time);
    await settle();
    expect(seen.reads).toBe(3);
  });

  it("asks again for a change of which it is not told when it happened", async () => {
    const { worker, seen } = startWorker();
    worker.trigger();
    await settle();
    worker.trigger();
    await settle();
    expect(seen.reads).toBe(3);
  });

  it.each([
    { what: "its own status comes back", metadata: {}, status: { phase: "Running" }, reads: 2 },
    { what: "the spec changes", metadata: { generation: 2 }, status: {}, reads: 3 },
    { what: "a label changes, which a volume may show", metadata: { labels: { tier: "web" } }, status: {}, reads: 3 },
    { what: "someone else ends the pod, and it is killed", metadata: {}, status: { phase: "Failed" }, reads: 4 },
  ])("has read $reads times when $what", async ({ metadata, status, reads }) => {
    const { worker, seen } = startWorker();
    worker.trigger();
    await settle();
    worker.update({ ...makePod({}, { generation: 1, ...metadata }), status });
    await settle();
    expect(seen.reads).toBe(reads);
  });

  it("looks again when a readiness gate changes", async () => {
    const gated = makePod({ readinessGates: [{ conditionType: "example.com/ready" }] }, { generation: 1 });
    const { worker, seen } = startWorker(gated);
    worker.trigger();
    await settle();
    worker.update({ ...gated, status: { conditions: [{ type: "example.com/ready", status: "True" }] } });
    await settle();
    expect(seen.reads).toBe(3);
  });
});
