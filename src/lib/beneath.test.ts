import { chmod, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openAsIs, openBeneath, openRegularFile, pathOf, removeTree, visitTree } from "./beneath.ts";

let top = "";
let root = "";
beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "mini-beneath-"));
  root = join(top, "root");
  await mkdir(join(root, "a/b"), { recursive: true });
  await writeFile(join(root, "a/file"), "inside");
  await writeFile(join(top, "secret"), "outside");
  const links = {
    file: "a/file",
    "a/b/up": "../file",
    "a/b/top": `${root}/a`,
    self: root,
    out: "../secret",
    host: "/",
    "a/b/out": "../../../secret",
    "a/b/back": `../../../root/a/file`,
    loop: "loop",
    dangling: "a/none",
  };
  for (const [name, target] of Object.entries(links)) await symlink(target, join(root, name));
});
afterAll(() => rm(top, { recursive: true }));

async function read(path: string): Promise<string> {
  const file = await openBeneath(root, path);
  try {
    return (await file.stat()).isDirectory() ? "folder" : await readFile(pathOf(file), "utf8");
  } finally {
    await file.close();
  }
}

describe("beneath a folder", () => {
  it.each([
    ["", "folder"],
    ["a", "folder"],
    ["a/./b//", "folder"],
    ["a/../a/file", "inside"],
    ["file", "inside"],
    ["a/b/up", "inside"],
    ["a/b/top/file", "inside"],
    ["self/self/a/b/top/file", "inside"],
  ])("%j is found", async (path, what) => {
    expect(await read(path)).toBe(what);
  });

  it.each([
    ["..", "EXDEV"],
    ["a/../../root", "EXDEV"],
    ["out", "EXDEV"],
    ["host", "EXDEV"],
    ["host/etc/passwd", "EXDEV"],
    ["a/b/out", "EXDEV"],
    ["a/b/back", "EXDEV"],
    ["loop", "ELOOP"],
    ["none", "ENOENT"],
    ["dangling", "ENOENT"],
    ["a/file/x", "ENOTDIR"],
  ])("%j is refused", async (path, code) => {
    await expect(openBeneath(root, path)).rejects.toMatchObject({ code });
  });

  it("makes what is missing like the root, and nothing behind links", async () => {
    await chmod(root, 0o2775);
    await (await openBeneath(root, "a/new/er", { create: true })).close();
    for (const path of ["a/new", "a/new/er"]) expect((await stat(join(root, path))).mode & 0o7777).toBe(0o2775);
    await expect(openBeneath(root, "dangling", { create: true })).rejects.toMatchObject({ code: "ENOENT" });
    await expect(openBeneath(root, "out/new", { create: true })).rejects.toMatchObject({ code: "EXDEV" });
    await expect(openBeneath(root, "a/file/new", { create: true })).rejects.toMatchObject({ code: "ENOTDIR" });
  });

  it("holds on to what it has opened, whatever becomes of its name", async () => {
    const file = await openBeneath(root, "a/file");
    await rm(join(root, "a/file"));
    await symlink("../../secret", join(root, "a/file"));
    expect(await readFile(pathOf(file), "utf8")).toBe("inside");
    await file.close();
    await expect(openRegularFile(join(root, "a/file"))).rejects.toMatchObject({ code: "ELOOP" });
  });
});

it("visits links and not what they lead to", async () => {
  const seen: number[] = [];
  const folder = await openAsIs(root);
  await visitTree(folder, async (_file, { ino }) => void seen.push(ino));
  await folder.close();
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).toContain((await lstat(join(root, "out"))).ino);
  expect(seen).not.toContain((await stat(join(top, "secret"))).ino);
});

it("reads regular files only", async () => {
  await expect(openRegularFile(root)).rejects.toMatchObject({ code: "EINVAL" });
  await expect(openRegularFile("/dev/null")).rejects.toMatchObject({ code: "EINVAL" });
});

describe("the removal of a tree", () => {
  it("takes what is deeper than a path can say, and names that are no text", async () => {
    const folder = join(top, "deep");
    const part = "a".repeat(200);
    await mkdir(folder);
    // From the inside out, as a container goes from folder to folder.
    for (let depth = 0; depth < 100; depth++) {
      const next = join(top, "next");
      await mkdir(next);
      await writeFile(join(next, "file"), "");
      await rename(folder, join(next, part));
      await rename(next, folder);
    }
    await writeFile(Buffer.concat([Buffer.from(`${folder}/${part}/`), Buffer.from([0xff, 0xfe])]), "");
    await mkdir(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]));
    await removeTree(folder);
    await expect(lstat(folder)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("leaves what links lead to, and has nothing to do where nothing is", async () => {
    const folder = join(top, "linked");
    await mkdir(folder);
    await symlink(root, join(folder, "out"));
    await symlink(join(top, "secret"), join(folder, "file"));
    await removeTree(folder);
    await removeTree(folder);
    expect(await readFile(join(top, "secret"), "utf8")).toBe("outside");
    expect((await stat(join(root, "a/file"))).isFile()).toBe(true);
    const link = join(top, "link");
    await symlink(root, link);
    await removeTree(link);
    expect((await stat(root)).isDirectory()).toBe(true);
  });
});
