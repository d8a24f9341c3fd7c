import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { isStoreError, type StoreErrorCode } from "./errors.ts";
import type { Entry, Store, StoreEvent } from "./types.ts";

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens the same data again. */
  reopen(): Promise<Store>;
  /** Closes what is open and removes the data. */
  remove(): Promise<void>;
}

const bytes = (text: string): Buffer => Buffer.from(text);

async function codeOf(promise: Promise<unknown>): Promise<StoreErrorCode | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return error.code;
  }
}

/** The contract of types.ts as tests; every backend runs it. */
export function describeStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`store ${name}`, () => {
    const opened: StoreUnderTest[] = [];
    const fresh = async (): Promise<StoreUnderTest> => {
      const one = await open();
      opened.push(one);
      return one;
    };
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.remove();
    });

    it("keeps what was written, with its revision, also over a restart", async () => {
      const { store, reopen } = await fresh();
      const created = await store.create("/a", bytes("one"));
      const updated = await store.update("/a", bytes("two"), created);
      expect(updated).toBeGreaterThan(created);
      const again = await reopen();
      expect(await again.get("/a")).toEqual({
        key: "/a",
        value: bytes("two"),
        revision: updated,
        createRevision: created,
      });
      expect(await again.currentRevision()).toBe(updated);
    });

    it("refuses writes that do not fit the state", async () => {
      const { store } = await fresh();
      const revision = await store.create("/a", bytes("x"));
      expect(await codeOf(store.create("/a", bytes("y")))).toBe("STORE_KEY_EXISTS");
      expect(await codeOf(store.update("/a", bytes("y"), revision + 1))).toBe("STORE_REVISION_MISMATCH");
      expect(await codeOf(store.delete("/a", revision - 1))).toBe("STORE_REVISION_MISMATCH");
      expect(await codeOf(store.update("/b", bytes("y"), revision))).toBe("STORE_KEY_NOT_FOUND");
      expect(await codeOf(store.delete("/b", revision))).toBe("STORE_KEY_NOT_FOUND");
      expect((await store.get("/a"))?.value).toEqual(bytes("x"));
    });

    it("lets exactly one of many concurrent writers win", async () => {
      const { store } = await fresh();
      const revision = await store.create("/a", bytes("0"));
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, index) => store.update("/a", bytes(String(index)), revision)),
      );
      expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    });

    it("lists a prefix in pages that are one snapshot", async () => {
      const { store } = await fresh();
      for (const key of ["/p/c", "/p/a", "/p/b", "/pp/z", "/o/y"]) await store.create(key, bytes(key));
      const first = await store.list("/p/", { limit: 2 });
      expect(first.entries.map((entry) => entry.key)).toEqual(["/p/a", "/p/b"]);
      expect(first.remaining).toBe(1);
      await store.delete("/p/c", (await store.get("/p/c"))?.revision ?? 0);
      const second = await store.list("/p/", { after: "/p/b", revision: first.revision });
      expect(second.entries.map((entry) => entry.key)).toEqual(["/p/c"]);
      expect((await store.list("/p/")).entries).toHaveLength(2);
    });

    it("gives watchers the past and then the present, once and in order", async () => {
      const { store } = await fresh();
      const first = await store.create("/w/a", bytes("1"));
      const second = await store.update("/w/a", bytes("2"), first);
      const seen: StoreEvent[] = [];
      const stop = await store.watch("/w/", first, (events) => seen.push(...events));
      await store.create("/other", bytes("x"));
      const third = await store.delete("/w/a", second);
      expect(seen.map((event) => [event.type, event.revision, event.value.toString()])).toEqual([
        ["PUT", second, "2"],
        ["DELETE", third, "2"],
      ]);
      stop();
      await store.create("/w/b", bytes("x"));
      expect(seen).toHaveLength(2);
    });

    it("tells of the values that past events replaced", async () => {
      const { store } = await fresh();
      const first = await store.create("/h/a", bytes("1"));
      const second = await store.update("/h/a", bytes("2"), first);
      await store.delete("/h/a", second);
      await store.create("/h/a", bytes("3"));
      const history = await store.history("/h/", first);
      expect(history.map((event) => [event.type, event.previous?.value.toString()])).toEqual([
        ["PUT", "1"],
        ["DELETE", "2"],
        ["PUT", undefined],
      ]);
    });

    it("compacts the past and keeps the present", async () => {
      const { store, reopen } = await fresh();
      const first = await store.create("/c/a", bytes("1"));
      const second = await store.update("/c/a", bytes("2"), first);
      const gone = await store.create("/c/b", bytes("x"));
      const last = await store.delete("/c/b", gone);
      await store.compact(last);
      await store.compact(last);
      expect(await store.compactRevision()).toBe(last);
      expect(await codeOf(store.get("/c/a", first))).toBe("STORE_COMPACTED");
      expect(await codeOf(store.list("/c/", { revision: second }))).toBe("STORE_COMPACTED");
      expect(await codeOf(store.watch("/c/", second, () => undefined))).toBe("STORE_COMPACTED");
      expect((await store.list("/c/")).entries.map((entry) => entry.value.toString())).toEqual(["2"]);
      const again = await reopen();
      expect(await again.create("/c/b", bytes("y"))).toBeGreaterThan(last);
    });

    it("refuses revisions of the future, and everything once closed", async () => {
      const { store } = await fresh();
      const revision = await store.currentRevision();
      expect(await codeOf(store.get("/a", revision + 1))).toBe("STORE_FUTURE_REVISION");
      expect(await codeOf(store.watch("/", revision + 1, () => undefined))).toBe("STORE_FUTURE_REVISION");
      const pending = store.create("/a", bytes("x"));
      await store.close();
      await store.close();
      expect(await codeOf(pending)).toBeUndefined();
      expect(await codeOf(store.create("/b", bytes("x")))).toBe("STORE_CLOSED");
      expect(await codeOf(store.get("/a"))).toBe("STORE_CLOSED");
    });

    it("behaves as a plain map with a log does", { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), async (steps) => {
          const under = await open();
          try {
            await runAgainstModel(under.store, steps);
          } finally {
            await under.remove();
          }
        }),
        { numRuns: 40 },
      );
    });
  });
}

const keys = ["/m/a", "/m/a/b", "/m/b", "/m/ba", "/n/a"];
const step = fc.record({
  operation: fc.constantFrom("create", "update", "stale update", "delete", "compact"),
  key: fc.constantFrom(...keys),
  value: fc.string(),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Runs the steps on the store and on a Map, comparing state, every readable past state, and the watch. */
async function runAgainstModel(store: Store, steps: readonly Step[]): Promise<void> {
  const model = new Map<string, { value: string; revision: number }>();
  const snapshots = new Map<number, string>();
  const watched = new Map<string, string>();
  const revisions: number[] = [];
  let compactRevision = 0;
  await store.watch("/m/", await store.currentRevision(), (events) => {
    for (const event of events) {
      revisions.push(event.revision);
      if (event.type === "PUT") watched.set(event.key, event.value.toString());
      else watched.delete(event.key);
    }
  });
  for (const { operation, key, value } of steps) {
    const known = model.get(key);
    if (operation === "compact") {
      compactRevision = await store.currentRevision();
      await store.compact(compactRevision);
    } else if (operation === "create") {
      const code = await codeOf(store.create(key, bytes(value)));
      expect(code).toBe(known === undefined ? undefined : "STORE_KEY_EXISTS");
      if (code === undefined) model.set(key, { value, revision: await store.currentRevision() });
    } else if (operation === "delete") {
      const code = await codeOf(store.delete(key, known?.revision ?? 1));
      expect(code).toBe(known === undefined ? "STORE_KEY_NOT_FOUND" : undefined);
      model.delete(key);
    } else {
      const expected = (known?.revision ?? 1) - (operation === "update" ? 0 : 1);
      const code = await codeOf(store.update(key, bytes(value), expected));
      if (known === undefined) expect(code).toBe("STORE_KEY_NOT_FOUND");
      else expect(code).toBe(operation === "update" ? undefined : "STORE_REVISION_MISMATCH");
      if (code === undefined) model.set(key, { value, revision: await store.currentRevision() });
    }
    snapshots.set(await store.currentRevision(), render(modelEntries(model)));
  }
  for (const [revision, expected] of snapshots) {
    if (revision < compactRevision) continue;
    expect(render((await store.list("/m/", { revision })).entries)).toBe(expected);
  }
  expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  expect([...watched].sort()).toEqual(modelEntries(model).map((entry) => [entry.key, entry.value.toString()]));
}

type Rendered = Pick<Entry, "key" | "value" | "revision">;
const modelEntries = (model: ReadonlyMap<string, { value: string; revision: number }>): Rendered[] =>
  [...model]
    .filter(([key]) => key.startsWith("/m/"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { value, revision }]) => ({ key, value: bytes(value), revision }));
const render = (entries: readonly Rendered[]): string =>
  entries.map(({ key, value, revision }) => `${key}=${value}@${revision}`).join("\n");
