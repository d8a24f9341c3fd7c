/**
 * Writes the files of a volume so that a container sees either all of the old contents or all of the new: the files
 * lie in a dated folder, `..data` is a symbolic link to it that is replaced by one rename, and each visible name is a
 * link through `..data`. The layout is upstream's.
 */
import { randomBytes } from "node:crypto";
import {
  chmod,
  lchown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";

export interface VolumeFile {
  readonly data: Buffer;
  /** Permission bits. */
  readonly mode: number;
  /** Owner, where it is not root. */
  readonly owner?: number | undefined;
}

/** Relative path to file. */
export type VolumePayload = ReadonlyMap<string, VolumeFile>;

const dataLink = "..data";

/**
 * Returns whether anything was written. What an earlier call has left that was killed on its way is completed or
 * replaced. `group`: the pod's fsGroup.
 */
export async function writeAtomically(folder: string, payload: VolumePayload, group?: number): Promise<boolean> {
  for (const path of payload.keys()) checkPath(path);
  const old = await readlink(join(folder, dataLink)).catch(() => undefined);
  if (old !== undefined && (await isSame(join(folder, old), payload))) {
    await showFiles(folder, payload);
    return false;
  }
  const name = `..${new Date().toISOString().replace(/[-:]/g, "_").replace("T", "_").slice(0, 19)}.${randomBytes(5).toString("hex")}`;
  const target = join(folder, name);
  await mkdir(target, { mode: 0o755 });
  await own(target, undefined, group);
  if (group !== undefined) await chmod(target, 0o2775);
  for (const [path, file] of payload) await writeOne(target, path, file, group);
  const temporary = join(folder, `${dataLink}_tmp`);
  await rm(temporary, { force: true });
  await symlink(name, temporary);
  await rename(temporary, join(folder, dataLink));
  await showFiles(folder, payload);
  if (old !== undefined) await rm(join(folder, old), { recursive: true, force: true });
  return true;
}

/** Leaves a link for each of the payload's names, and none besides. */
async function showFiles(folder: string, payload: VolumePayload): Promise<void> {
  const missing = new Set([...payload.keys()].map((path) => path.split("/")[0] as string));
  for (const visible of await readdir(folder)) {
    if (!visible.startsWith("..") && !missing.delete(visible)) await unlink(join(folder, visible));
  }
  for (const visible of missing) await symlink(join(dataLink, visible), join(folder, visible));
}

function checkPath(path: string): void {
  if (path === "" || path.startsWith("/")) throw new Error(`invalid path: must be relative path: ${path}`);
  const parts = path.split("/");
  if (parts.includes("..")) throw new Error(`invalid path: must not contain '..': ${path}`);
  if (parts[0]?.startsWith("..") === true) throw new Error(`invalid path: must not start with '..': ${path}`);
}

async function own(path: string, owner: number | undefined, group: number | undefined): Promise<void> {
  if (owner !== undefined || group !== undefined) await lchown(path, owner ?? 0, group ?? 0);
}

async function writeOne(target: string, path: string, file: VolumeFile, group: number | undefined): Promise<void> {
  const full = join(target, path);
  const directory = dirname(full);
  if (directory !== target) {
    await mkdir(directory, { recursive: true, mode: 0o755 });
    await own(directory, undefined, group);
    if (group !== undefined) await chmod(directory, 0o2775);
  }
  await writeFile(full, file.data);
  // The group that owns the volume can read its files.
  await own(full, file.owner, group);
  await chmod(full, group === undefined ? file.mode : file.mode | 0o440);
}

async function isSame(folder: string, payload: VolumePayload): Promise<boolean> {
  const found = await listFiles(folder, "");
  if (found.length !== payload.size) return false;
  for (const path of found) {
    const file = payload.get(path);
    if (file === undefined || !file.data.equals(await readFile(join(folder, path)))) return false;
  }
  return true;
}

async function listFiles(folder: string, prefix: string): Promise<string[]> {
  const entries = await readdir(join(folder, prefix), { withFileTypes: true }).catch(() => []);
  const lists = await Promise.all(
    entries.map((entry) => {
      const path = join(prefix, entry.name);
      return entry.isDirectory() ? listFiles(folder, path) : Promise.resolve([path]);
    }),
  );
  return lists.flat();
}
