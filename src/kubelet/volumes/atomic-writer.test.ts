import { mkdtemp, readdir, readFile, readlink, rm, stat, symlink, unlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type VolumeFile, writeAtomically } from "./atomic-writer.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubelet-volume-"));
});
afterEach(() => rm(folder, { recursive: true }));

const payload = (files: Record<string, string>): Map<string, VolumeFile> =>
  new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode: 0o640 }]));

it("shows files through ..data, and replaces all of them at once", async () => {
  expect(await writeAtomically(folder, payload({ a: "1", "dir/b": "2" }))).toBe(true);
  expect(await readFile(join(folder, "a"), "utf8")).toBe("1");
  expect(await readFile(join(folder, "dir/b"), "utf8")).toBe("2");
  expect(await readlink(join(folder, "a"))).toBe("..data/a");
  expect((await stat(join(folder, "a"))).mode & 0o777).toBe(0o640);
  const first = await readlink(join(folder, "..data"));

  expect(await writeAtomically(folder, payload({ a: "1", "dir/b": "2" }))).toBe(false);
  expect(await readlink(join(folder, "..data"))).toBe(first);

  expect(await writeAtomically(folder, payload({ a: "new", c: "3" }))).toBe(true);
  expect((await readdir(folder)).filter((name) => !name.startsWith("..")).sort()).toEqual(["a", "c"]);
  expect(await readFile(join(folder, "a"), "utf8")).toBe("new");
  expect(await readdir(folder)).not.toContain(first);
});

it("goes on where a call was killed: with the next ..data made, or with files not shown yet", async () => {
  await writeAtomically(folder, payload({ a: "1" }));
  await symlink("..never", join(folder, "..data_tmp"));
  expect(await writeAtomically(folder, payload({ a: "2", b: "3" }))).toBe(true);
  expect(await readFile(join(folder, "b"), "utf8")).toBe("3");
  await unlink(join(folder, "b"));
  expect(await writeAtomically(folder, payload({ a: "2", b: "3" }))).toBe(false);
  expect(await readFile(join(folder, "b"), "utf8")).toBe("3");
});

it.each(["../x", "/x", "a/../../x", "..x", ""])("refuses the path %j", async (path) => {
  await expect(writeAtomically(folder, payload({ [path]: "" }))).rejects.toThrow("invalid path");
});
