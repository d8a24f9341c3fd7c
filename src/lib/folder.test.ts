import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeFolder } from "./folder.ts";

describe("makeFolder", () => {
  let root = "";
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "mini-folder-"));
  });
  afterAll(() => rm(root, { recursive: true }));

  it("makes parents with the mode, and may be called again", async () => {
    const path = join(root, "a", "b", "c");
    await makeFolder(path, 0o700);
    await makeFolder(path, 0o700);
    for (const folder of [join(root, "a"), path]) expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  it("says so where a file is in the way", async () => {
    await writeFile(join(root, "file"), "");
    await expect(makeFolder(join(root, "file"), 0o700)).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(makeFolder(join(root, "file", "below"), 0o700)).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  it("says so where no folder can be made, for which Node's own mkdir tries without end", async () => {
    await expect(makeFolder("/proc/mini/home", 0o700)).rejects.toMatchObject({ code: "EROFS" });
  });
});
