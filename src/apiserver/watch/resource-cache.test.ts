import { expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import { CachedObject } from "./cached-object.ts";
import { encodeStored } from "./object-bytes.ts";
import { EventFrames, ResourceCache } from "./resource-cache.ts";

const minuteMs = 60_000;

/** A cache whose resource changes once a minute, `count` times; the revisions are 1, 2, 3 … */
async function changeEachMinute(count: number): Promise<ResourceCache> {
  const clock = new FakeClock();
  const cache = new ResourceCache("/registry/core/configmaps/", 0, clock);
  const identity = { key: "/registry/core/configmaps/a/b", namespace: "a", name: "b", createRevision: 1 };
  const value = encodeStored({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "b", namespace: "a" } });
  for (let revision = 1; revision <= count; revision++) {
    const object = CachedObject.fromStored(identity, revision, value);
    cache.apply({ type: "MODIFIED", revision, object, previous: undefined, frames: new EventFrames() });
    await clock.advance(minuteMs);
  }
  return cache;
}

it("forgets the past of a resource that changes seldom, however few its events are", async () => {
  const cache = await changeEachMinute(200);
  expect(cache.eventsAfter(195)).toHaveLength(5);
  expect(cache.eventsAfter(200 - 70)).toBeUndefined();
});

it("keeps few events however old they are", async () => {
  expect((await changeEachMinute(60)).eventsAfter(0)).toHaveLength(60);
});
