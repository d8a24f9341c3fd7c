import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { lockFile } from "../lib/lock-file.ts";
import { pruneCache, useCache } from "./cache.ts";
import { profileFolder } from "./home.ts";

describe("the cache", () => {
  let home = "";
  const path = (name: string): string => join(home, "cache", name);
  const put = async (...names: string[]): Promise<void> => {
    for (const name of names) {
      await mkdir(join(path(name), ".."), { recursive: true });
      await writeFile(path(name), "");
    }
  };
  const use = (profile: string, names: readonly string[], keepNoted = false) =>
    useCache(profile, async () => ({ value: undefined, files: names.map(path), keepNoted }));
  const left = async (): Promise<string[]> => {
    const entries = await readdir(join(home, "cache"), { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return files.map((file) => file.slice(join(home, "cache/").length)).sort();
  };
  const [oldDisk, newDisk] = ["image-b/mini-0011.iso", "image-b/mini-22ff.iso"];

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "mini-cache-"));
    vi.stubEnv("MINI_HOME", home);
    await put("image-a/root.squashfs", "image-b/root.squashfs", oldDisk, newDisk, "kubectl-v1", "addons/x.node");
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(home, { recursive: true });
  });

  it("loses the images and disks that no profile was started from, and nothing else", async () => {
    await use("one", ["image-b/root.squashfs", newDisk]);
    expect((await pruneCache([])).sort()).toEqual([path("image-a"), path(oldDisk)].sort());
    expect(await left()).toEqual(["addons/x.node", newDisk, "image-b/root.squashfs", "kubectl-v1"].sort());
  });

  it("keeps what another profile was started from, until that profile is gone", async () => {
    await use("one", ["image-b/root.squashfs", newDisk]);
    await use("two", ["image-a/root.squashfs"]);
    expect(await pruneCache([])).toEqual([path(oldDisk)]);
    await rm(profileFolder("two"), { recursive: true });
    expect(await pruneCache([])).toEqual([path("image-a")]);
  });

  it("keeps the old files of a profile that another build finds running, and not of one that is stopped", async () => {
    await use("one", ["image-a/root.squashfs"]);
    await use("one", ["image-b/root.squashfs", newDisk], true);
    expect(await pruneCache([path(oldDisk)])).toEqual([]);
    await use("one", ["image-b/root.squashfs", newDisk]);
    expect((await pruneCache([])).sort()).toEqual([path("image-a"), path(oldDisk)].sort());
  });

  it("keeps what the caller will want next, with no profile left", async () => {
    expect((await pruneCache([path("image-b/root.squashfs"), path(newDisk)])).sort()).toEqual(
      [path("image-a"), path(oldDisk)].sort(),
    );
  });

  it("keeps everything where a profile does not say what it uses", async () => {
    await mkdir(profileFolder("old"), { recursive: true });
    expect(await pruneCache([])).toEqual([]);
  });

  it("keeps everything while another mini puts files into it", async () => {
    await using _lock = await lockFile(join(home, "locks", "cache"));
    expect(await pruneCache([])).toEqual([]);
  });
});
