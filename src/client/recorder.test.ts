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

it("names events of several recorders about one object apart, in the same millisecond too", async () => {
  const clock = new FakeClock();
  const { client } = createFakeApi();
  const components = ["kubelet", "default-scheduler", "job-controller"];
  // What they have in common by chance once in a million times.
  const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
  const recorders = components.map((component) => createEventRecorder(client, { component }, clock));
  random.mockRestore();
  for (const recorder of recorders) recorder.event(pod, "Normal", "Seen", "Seen");
  await vi.waitFor(async () => {
    const { items } = await client.of(events).list({ namespace: "shop" });
    expect(items.map(({ source }) => source?.component).sort()).toEqual(components.toSorted());
  }, patience);
});
