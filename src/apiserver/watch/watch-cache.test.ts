import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { openSqliteStore } from "../../store/sqlite/sqlite-store.ts";
import type { Store } from "../../store/types.ts";
import { encodeStored, finalBytes, withRevision } from "./object-bytes.ts";
import type { CacheEvent } from "./resource-cache.ts";
import { WatchCache } from "./watch-cache.ts";

const openStore = (): Promise<Store> => openSqliteStore({ path: ":memory:", durable: false, compactionPeriodMs: 0 });
const pods = { group: "", plural: "pods" };
const key = (name: string): string => `/registry/core/pods/default/${name}`;
const pod = (name: string, labels: Record<string, string> = {}): UnknownObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default", labels },
});

describe("object bytes", () => {
  it("are the object with its resourceVersion, whatever is in it", () => {
    const object = fc.record({
      apiVersion: fc.constant("v1"),
      kind: fc.string(),
      metadata: fc.record({
        name: fc.string(),
        annotations: fc.dictionary(fc.string(), fc.string({ unit: "grapheme" })),
      }),
      spec: fc.option(fc.jsonValue(), { nil: undefined }),
    });
    fc.assert(
      fc.property(object, fc.integer({ min: 1 }), fc.integer({ min: 1 }), (value, first, second) => {
        const given = JSON.parse(JSON.stringify(value)) as UnknownObject;
        const final = finalBytes(encodeStored(given), first);
        const at = (revision: number) => ({
          ...given,
          metadata: { ...given.metadata, resourceVersion: String(revision) },
        });
        expect(JSON.parse(final.bytes.toString())).toEqual(at(first));
        expect(JSON.parse(withRevision(final, first, second).bytes.toString())).toEqual(at(second));
        expect(JSON.parse(finalBytes(encodeStored(at(first)), 0).bytes.toString())).toEqual(given);
      }),
    );
  });
});

describe("watch cache", () => {
  it("encodes an event once for all who watch, and keeps frames of the last few only", async () => {
    const store = await openStore();
    const cache = await WatchCache.open(store);
    const resource = cache.resource(pods);
    const events: CacheEvent[] = [];
    let encoded = 0;
    const frame = (event: CacheEvent): Buffer =>
      event.frames.get("ADDED", () => {
        encoded++;
        return Buffer.from(event.object.name);
      });
    for (const watcher of [1, 2]) {
      resource.subscribe((event) => {
        if (watcher === 1) events.push(event);
        frame(event);
      });
    }
    for (let number = 0; number < 40; number++) await store.create(key(`p${number}`), encodeStored(pod(`p${number}`)));
    expect(events).toHaveLength(40);
    expect(encoded).toBe(40);
    const kept = events.filter((event) => {
      const before = encoded;
      frame(event);
      return encoded === before;
    });
    expect(kept.map(({ object }) => object.name)).toEqual(Array.from({ length: 8 }, (_, index) => `p${32 + index}`));
    cache.close();
    await store.close();
  });

  it("is current when a write is acknowledged, in order of keys, and after a restart", async () => {
    const store = await openStore();
    const cache = await WatchCache.open(store);
    const resource = cache.resource(pods);
    for (const name of ["c", "a", "b", "ab"]) {
      const revision = await store.create(key(name), encodeStored(pod(name)));
      expect(cache.revision).toBe(revision);
      expect(resource.get(key(name))?.object.metadata?.resourceVersion).toBe(String(revision));
    }
    const names = (one: WatchCache): string[] =>
      one
        .resource(pods)
        .list(key(""))
        .map((object) => object.name);
    expect(names(cache)).toEqual(["a", "ab", "b", "c"]);
    expect(resource.list(key(""), key("a"), 2).map((object) => object.name)).toEqual(["ab", "b"]);
    expect(resource.count(key(""), key("a"))).toBe(3);
    expect(names(await WatchCache.open(store))).toEqual(["a", "ab", "b", "c"]);
    await store.close();
  });

  it("tells the past from memory, then from the store, then not at all", async () => {
    const store = await openStore();
    const cache = await WatchCache.open(store);
    const resource = cache.resource(pods);
    let revision = await store.create(key("a"), encodeStored(pod("a", { step: "0" })));
    const first = revision;
    for (let step = 1; step <= 2_500; step++) {
      revision = await store.update(key("a"), encodeStored(pod("a", { step: String(step) })), revision);
    }
    expect(resource.eventsAfter(revision - 10)).toHaveLength(10);
    expect(resource.eventsAfter(first)).toBeUndefined();
    const past = (limit: number, through = revision) => cache.eventsAfter(resource, { after: first, through, limit });
    const { events = [], whole } = (await past(3_000)) ?? {};
    expect([events.length, whole]).toEqual([2_500, true]);
    expect([events[0]?.previous?.labels, events[0]?.object.labels]).toEqual([{ step: "0" }, { step: "1" }]);
    expect(await past(7)).toMatchObject({ events: { length: 7 }, whole: false });
    expect(await past(7, first + 5)).toMatchObject({ events: { length: 5 }, whole: true });
    await store.compact(first + 5);
    expect(await past(7)).toBeUndefined();
    await store.close();
  });

  it("says what an object was when it went, under the revision of its end", async () => {
    const store = await openStore();
    const cache = await WatchCache.open(store);
    const created = await store.create(key("a"), encodeStored(pod("a", { app: "x" })));
    const gone = await store.delete(key("a"), created);
    const [event] = cache.resource(pods).eventsAfter(created) ?? [];
    expect(event?.type).toBe("DELETED");
    expect(event?.object.object.metadata).toMatchObject({ labels: { app: "x" }, resourceVersion: String(gone) });
    await store.close();
  });
});
