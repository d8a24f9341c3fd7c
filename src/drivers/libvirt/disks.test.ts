import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createConsoleFile, createMiniDisk, readConsole, writeSeedDisk } from "./disks.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mini-disks-"));
});
afterEach(() => rm(folder, { recursive: true }));

it("reads a console that the log daemon has cut into files, oldest first, and names what cannot be read", async () => {
  const path = join(folder, "console.log");
  for (const [name, text] of [
    ["console.log", "four\n"],
    ["console.log.0", "three\n"],
    ["console.log.2", "one\n"],
    ["console.log.10", "zero\n"],
    ["console.log.old", "somebody else's\n"],
  ] as const)
    await writeFile(join(folder, name), text);
  // Root reads every file, but no folder.
  await mkdir(join(folder, "console.log.1"));
  const unreadable = `(${path}.1 cannot be read: EISDIR; libvirt's log daemon made it)\n`;
  expect(await readConsole(path)).toBe(`zero\none\n${unreadable}three\nfour\n`);
});

it("begins a console anew, whoever made what is there", async () => {
  const path = join(folder, "console.log");
  await createConsoleFile(path);
  await writeFile(`${path}.0`, "before\n");
  await createConsoleFile(path);
  expect(await readConsole(path)).toBe("");
  expect(await readdir(folder)).toEqual(["console.log"]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

it("keeps the seed to its owner, in a new file each time, and lets everybody read the shared disk", async () => {
  const [seed, disk, binary] = ["seed", "seed.iso", "mini"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await mkdir(seed);
  await writeFile(join(seed, "ca.key"), "secret");
  await writeFile(binary, "program", { mode: 0o700 });
  await writeSeedDisk(disk, seed);
  const first = await stat(disk);
  expect(first.mode & 0o777).toBe(0o600);
  // As libvirt leaves it: somebody else's, whom this user could not write over.
  await writeFile(disk, "");
  await writeSeedDisk(disk, seed);
  expect((await stat(disk)).size).toBe(first.size);
  await createMiniDisk(join(folder, "mini.iso"), binary);
  expect((await stat(join(folder, "mini.iso"))).mode & 0o444).toBe(0o444);
});
