import { expect, it, vi } from "vitest";
import { FakeClock } from "../lib/fake-clock.ts";
import { createEventRecorder } from "./recorder.ts";
import { events } from "./resources.ts";
import { createFakeApi } from "./testing/fake-api.ts";

const patience = { timeout: 10_000 };
const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "shop", uid: "u1" } };

it("tells the events of one container from those of another, and counts those of the same", async () => {
  const clock = new FakeClock();
  const { client } = createFakeApi();
  const recorder = createEventRecorder(client, { component: "kubelet", host: "n" }, clock);
  for (const path of ["spec.containers{a}", "spec.initContainers{b}", "spec.containers{a}", undefined]) {
    recorder.event(pod, "Normal", "Started", "Container started", path);
  }
  await vi.waitFor(async () => {
    const { items } = await client.of(events).list({ namespace: "shop" });
    const told = items.map(({ involvedObject, count }) => [involvedObject?.fieldPath, count]);
    expect(told).toEqual([
      ["spec.containers{a}", 2],
      ["spec.initContainers{b}", 1],
      [undefined, 1],
    ]);
    expect(items[0]?.involvedObject).toMatchObject({ kind: "Pod", name: "web", namespace: "shop", uid: "u1" });
  }, patience);
});
