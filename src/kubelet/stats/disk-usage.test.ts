import { link, mkdir, mkdtemp, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { diskUsage, type FileUsage, filesUsage, noFiles } from "./disk-usage.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mini-usage-"));
});
afterEach(() => rm(root, { recursive: true }));

const allocated = async (...paths: string[]): Promise<FileUsage> => {
  const stats = await Promise.all(paths.map((path) => stat(path)));
  return { bytes: stats.reduce((sum, { blocks }) => sum + blocks * 512, 0), inodes: paths.length };
};

it("counts what is allocated, each file once, and does not follow links", async () => {
  const file = join(root, "folder", "file");
  const sparse = join(root, "sparse");
  await mkdir(join(root, "folder"));
  await writeFile(file, Buffer.alloc(100_000, 1));
  await writeFile(sparse, "");
  await truncate(sparse, 10 ** 9);
  await link(file, join(root, "hard"));
  await symlink("/usr", join(root, "link"));
  expect((await allocated(file)).bytes).toBeGreaterThanOrEqual(100_000);
  // The symbolic link is short enough to take no block, but is an inode of its own.
  const { bytes, inodes } = await allocated(root, join(root, "folder"), file, sparse);
  expect(await diskUsage(root)).toEqual({ bytes, inodes: inodes + 1 });
  // Files right in a folder are counted by name, and the link is one.
  expect(await filesUsage(root)).toEqual({ bytes: (await allocated(file, sparse)).bytes, inodes: 3 });
});

it("counts more files than are asked about at once", async () => {
  const files = Array.from({ length: 150 }, (_, index) => join(root, String(index)));
  for (const file of files) await writeFile(file, "x");
  expect(await diskUsage(root)).toEqual(await allocated(root, ...files));
});

it("counts nothing where there is nothing", async () => {
  expect(await diskUsage(join(root, "none"))).toEqual(noFiles);
  expect(await filesUsage(join(root, "none"))).toEqual(noFiles);
});
