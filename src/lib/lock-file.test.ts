import { mkdtemp, readdir, readFile, readlink, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LockedError, lockFile } from "./lock-file.ts";

vi.mock("node:fs/promises", async (load) => {
  const actual = await load<typeof import("node:fs/promises")>();
  return { ...actual, writeFile: vi.fn(actual.writeFile) };
});

describe("a lock between processes", () => {
  let folder = "";
  let path = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mini-lock-"));
    path = join(folder, "one.lock");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is held by one at a time, and says by whom", async () => {
    const lock = await lockFile(path);
    expect(await readFile(path, "utf8")).toMatch(new RegExp(`^${process.pid} \\d+$`));
    await expect(lockFile(path)).rejects.toMatchObject({ name: "LockedError", holder: process.pid });
    await lock[Symbol.asyncDispose]();
    await using _again = await lockFile(path);
  });

  it("goes to one of those who find that its holder is gone", async () => {
    for (let round = 0; round < 20; round++) {
      await writeFile(path, "999999 12345");
      const results = await Promise.allSettled(Array.from({ length: 6 }, () => lockFile(path)));
      const locks = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
      expect(locks).toHaveLength(1);
      for (const result of results) if (result.status === "rejected") expect(result.reason).toBeInstanceOf(LockedError);
      await locks[0]?.[Symbol.asyncDispose]();
    }
  });

  it("is held on a full disk too, where what filled it is to be deleted", async () => {
    const full = () => Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
    for (const left of [undefined, "999999 12345"]) {
      if (left !== undefined) await symlink(left, path);
      vi.mocked(writeFile).mockImplementationOnce(full);
      if (left !== undefined) vi.mocked(writeFile).mockImplementationOnce(full);
      const lock = await lockFile(path);
      expect(await readlink(path)).toMatch(new RegExp(`^${process.pid} \\d+$`));
      await expect(lockFile(path)).rejects.toMatchObject({ name: "LockedError", holder: process.pid });
      await lock[Symbol.asyncDispose]();
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it("does not stay with a process that was killed before it said who it is", async () => {
    const made = async (secondsAgo: number): Promise<void> => {
      await writeFile(path, "");
      const time = Date.now() / 1000 - secondsAgo;
      await utimes(path, time, time);
    };
    // Ahead of the clock, so that it is young however long this test is held up.
    await made(-3600);
    await expect(lockFile(path)).rejects.toThrow(LockedError);
    await made(3600);
    await using _lock = await lockFile(path);
  });
});
