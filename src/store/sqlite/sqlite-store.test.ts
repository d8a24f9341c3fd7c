import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import { isStoreError } from "../errors.ts";
import { describeStore } from "../suite.ts";
import { openSqliteStore } from "./sqlite-store.ts";

async function inFolder<T>(body: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "mini-store-"));
  try {
    return await body(join(folder, "store.db"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describeStore("sqlite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mini-store-"));
  const options = { path: join(folder, "store.db"), durable: false, compactionPeriodMs: 0 };
  let store = await openSqliteStore(options);
  return {
    store,
    async reopen() {
      await store.close();
      store = await openSqliteStore(options);
      return store;
    },
    async remove() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
});

it("refuses a database that another store has open", async () => {
  await inFolder(async (path) => {
    const first = await openSqliteStore({ path });
    await first.create("/a", Buffer.from("x"));
    await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: "STORE_LOCKED" });
    await first.close();
    const second = await openSqliteStore({ path });
    await second.close();
  });
});

it("names a damaged file", async () => {
  await inFolder(async (path) => {
    await writeFile(path, "this is no database, and it is long enough to be looked at ".repeat(100));
    await expect(openSqliteStore({ path })).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });
});

it("keeps a backup at each orderly end, finds damage anywhere in the file and names both", async () => {
  await inFolder(async (path) => {
    const store = await openSqliteStore({ path });
    for (let index = 0; index < 200; index++) await store.create(`/a/${index}`, Buffer.alloc(1000, index));
    await store.close();
    const whole = await readFile(path);
    expect(await readFile(`${path}.backup`)).toEqual(whole);
    const bytes = Buffer.from(whole);
    // A page in the middle, which nobody reads at the start.
    bytes.fill(0xff, 20 * 4096, 21 * 4096);
    await writeFile(path, bytes);
    const failure = await openSqliteStore({ path }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "STORE_CORRUPT" });
    expect(String(failure)).toMatch(/store\.db is damaged \(.+\); .*store\.db\.backup is its backup of 20/);
    // The damaged one does not take its place, and it is as good as the database was.
    expect(await readFile(`${path}.backup`)).toEqual(whole);
    await copyFile(`${path}.backup`, path);
    const restored = await openSqliteStore({ path });
    expect((await restored.get("/a/199"))?.value).toEqual(Buffer.alloc(1000, 199));
    await restored.close();
  });
});

it("names a folder that cannot be made", async () => {
  await inFolder(async (path) => {
    await writeFile(path, "");
    await expect(openSqliteStore({ path: `${path}/below/store.db` })).rejects.toMatchObject({ code: "STORE_FAILED" });
  });
});

it("compacts by itself what a whole period has passed over", async () => {
  const clock = new FakeClock();
  const store = await openSqliteStore({ path: ":memory:", clock, compactionPeriodMs: 300_000 });
  const first = await store.create("/a", Buffer.from("1"));
  const second = await store.update("/a", Buffer.from("2"), first);
  await clock.advance(300_000);
  expect((await store.get("/a", first))?.revision).toBe(first);
  await clock.advance(300_000);
  await clock.advance(0);
  const error = await store.get("/a", first).catch((thrown: unknown) => thrown);
  expect(isStoreError(error, "STORE_COMPACTED")).toBe(true);
  expect((await store.get("/a"))?.revision).toBe(second);
  await store.close();
});
