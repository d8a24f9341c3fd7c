/** The disks of a machine besides the shared root: data (kept), mini (one per build, shared) and seed (written anew). */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, rm, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { executableLength } from "../../lib/carried-files.ts";
import { type IsoEntry, writeIso } from "../../lib/iso9660.ts";
import type { MachineSpec } from "../driver.ts";
import type { MachineFiles } from "./domain-xml.ts";

/** Where a machine's files are. The disk with `mini` is shared by all machines that run the same build. */
export async function machineFiles(machine: MachineSpec): Promise<MachineFiles> {
  const { size, mtimeMs } = await stat(machine.binary);
  const build = createHash("sha256").update(`${machine.binary}\0${size}\0${mtimeMs}`).digest("hex").slice(0, 12);
  return {
    data: join(machine.folder, "data.qcow2"),
    seed: join(machine.folder, "seed.iso"),
    console: join(machine.folder, "console.log"),
    mini: join(dirname(machine.image.root), `mini-${build}.iso`),
  };
}

/** Makes the data disk unless it is there: sparse, so it takes what is written to it and not `diskMiB`. */
export async function createDataDisk(path: string, diskMiB: number, signal: AbortSignal): Promise<void> {
  if (await exists(path)) return;
  const options = "lazy_refcounts=on,cluster_size=128k";
  try {
    await promisify(execFile)("qemu-img", ["create", "-q", "-f", "qcow2", "-o", options, path, `${diskMiB}M`], {
      signal,
    });
    await chmod(path, 0o600);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Makes the disk with the executable unless it is there; QEMU, which is another user, may read it. */
export async function createMiniDisk(path: string, binary: string): Promise<void> {
  if (await exists(path)) return await makeReadable(path);
  const length = await executableLength(binary);
  const source = length === undefined ? { file: binary } : { file: binary, length };
  await writeIso(path, [{ path: "mini", source, mode: 0o755 }], "MINI");
  await makeReadable(path);
}

/** Lets everybody read a file of the cache who gets as far as its folder; nothing in there is a secret. */
export async function makeReadable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o444) !== 0o444) await chmod(path, (mode & 0o777) | 0o444);
}

/**
 * Writes the seed disk: it holds private keys, so only its owner may read it, who is QEMU from the start of the machine
 * on. It is a new file each time, since libvirt leaves a read-only disk to the last user.
 */
export async function writeSeedDisk(path: string, seed: string): Promise<void> {
  await writeIso(path, await folderEntries(seed), "SEED");
  await chmod(path, 0o600);
}

/** Makes the console's file before libvirt's log daemon does, which would make it root's. What is there goes. */
export async function createConsoleFile(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  for (const each of await consoleFiles(path)) await rm(each, { force: true });
  await (await open(path, "wx", 0o600)).close();
}

/**
 * What a console has shown. The log daemon renames a file of 2 MiB (virtlogd.conf) and makes the next one, which is
 * root's: what cannot be read is named instead.
 */
export async function readConsole(path: string): Promise<string> {
  const parts: string[] = [];
  for (const file of await consoleFiles(path)) {
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      return error.code === "ENOENT" ? "" : `(${file} cannot be read: ${error.code}; libvirt's log daemon made it)\n`;
    });
    parts.push(text);
  }
  return parts.join("");
}

/** The console's files, oldest first: `console.log.1`, `console.log.0`, `console.log`. */
async function consoleFiles(path: string): Promise<string[]> {
  const names = await readdir(dirname(path)).catch(() => []);
  const older = names.flatMap((name) => {
    const number = name.startsWith(`${basename(path)}.`) ? Number(name.slice(basename(path).length + 1)) : Number.NaN;
    return Number.isInteger(number) ? [number] : [];
  });
  return [...older.sort((left, right) => right - left).map((number) => `${path}.${number}`), path];
}

async function folderEntries(folder: string): Promise<IsoEntry[]> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    files
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath, file.name))
      .sort()
      .map(async (path) => ({ path: relative(folder, path), source: await readFile(path), mode: 0o400 })),
  );
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
