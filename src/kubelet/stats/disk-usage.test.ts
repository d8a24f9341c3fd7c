import { link, mkdir, mkdtemp, rename, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { removeTree } from "../../lib/beneath.ts";
import { podFolder, volumeFolder } from "../settings.ts";
import { diskUsage, type FileUsage, filesUsage, noFiles, TooDeepError } from "./disk-usage.ts";
import { readContainerStorage, readVolumeUsage } from "./local-storage-usage.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "mini-usage-"));
});
afterEach(() => removeTree(root));

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

it("counts files whose names are no text", async () => {
  const named = (name: number): Buffer => Buffer.concat([Buffer.from(`${root}/`), Buffer.from([name])]);
  await mkdir(named(0xfe));
  await writeFile(named(0xff), Buffer.alloc(100_000, 1));
  const { bytes, inodes } = await diskUsage(root);
  expect(bytes).toBeGreaterThanOrEqual(100_000);
  expect(inodes).toBe(3);
});

it("takes a volume whose folders are too deep to be counted for one that is too large", async () => {
  const pod = { metadata: { uid: "u" }, spec: { containers: [], volumes: [{ name: "v", emptyDir: {} }] } };
  const folder = volumeFolder({ root }, "u", pod.spec.volumes[0] as { name: string; emptyDir: object });
  const next = join(root, "next");
  await mkdir(folder, { recursive: true });
  for (let depth = 0; depth < 1010; depth++) {
    await mkdir(next);
    await rename(folder, join(next, "a"));
    await rename(next, folder);
  }
  await expect(diskUsage(folder)).rejects.toThrow(TooDeepError);
  const used = await readVolumeUsage({ root }, pod, () => true);
  expect(used.get("v")?.bytes).toBeGreaterThan(2 ** 50);
});

it("counts what containers write as their last words and into /etc/hosts", async () => {
  const folder = podFolder({ root }, "u");
  await mkdir(join(folder, "containers", "c"), { recursive: true });
  for (const file of ["etc-hosts", "containers/c/1a2b3c4d"])
    await writeFile(join(folder, file), Buffer.alloc(100_000, 1));
  const pod = { metadata: { name: "p", namespace: "n", uid: "u" }, spec: { containers: [] } };
  const settings = { root, podLogs: join(root, "logs") };
  const { shared } = await readContainerStorage({ settings, pod, running: [], layers: new Map() });
  expect(shared.bytes).toBeGreaterThanOrEqual(200_000);
});
