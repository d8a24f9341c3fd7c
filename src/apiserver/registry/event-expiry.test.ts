import { expect, it } from "vitest";
import { coreEvent } from "../../kinds/core/event/definition.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createLogger } from "../../lib/log.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import { WatchCache } from "../watch/watch-cache.ts";
import { expireEvents } from "./event-expiry.ts";
import { ObjectWrites } from "./object-writes.ts";
import { ServedResource } from "./resources.ts";

it("removes events an hour after they were last written", async () => {
  const store = await openSqliteStore({ path: ":memory:", durable: false, compactionPeriodMs: 0 });
  const cache = await WatchCache.open(store);
  const resource = new ServedResource(coreEvent, cache.resource(coreEvent));
  const writes = new ObjectWrites(cache);
  const clock = new FakeClock();
  const stop = expireEvents({ resource, writes, clock, log: createLogger("test", () => undefined) });
  const event = (name: string, count: number) => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name, namespace: "default" },
    count,
  });
  await writes.create(resource, event("old", 1), { dryRun: false });
  const kept = await writes.create(resource, event("repeated", 1), { dryRun: false });
  await clock.advance(40 * 60_000);
  await writes.update(resource, event("repeated", 2), kept, { dryRun: false });
  await clock.advance(30 * 60_000);
  expect(resource.cache.list(resource.cache.prefix).map((object) => object.name)).toEqual(["repeated"]);
  await clock.advance(31 * 60_000);
  expect(resource.cache.size).toBe(0);
  stop();
  await store.close();
});
