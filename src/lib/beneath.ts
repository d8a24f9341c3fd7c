/**
 * Files below a folder that somebody else may be changing: opened part by part, each from the descriptor of the one
 * before, without following links. What was looked at is then what is used, whatever its name leads to by that time.
 * This is openat2(2) with RESOLVE_BENEATH, which Node has no call for: `/proc/self/fd/N/NAME` is openat(2), and
 * `/proc/self/fd/N` the file that a descriptor of O_PATH stands for, be it a folder, a link or a pipe.
 */
import { randomUUID } from "node:crypto";
import { constants, openSync, type Stats } from "node:fs";
import { chmod, chown, type FileHandle, mkdir, open, readdir, readlink, rename, rmdir, unlink } from "node:fs/promises";
import { constants as system } from "node:os";

/** Stands for a file without opening it: nothing is read, no device is woken, no pipe is waited for. */
const pathOnly = 0o10000000;
const handleFlags = pathOnly | constants.O_NOFOLLOW;
/** As the kernel follows in one path. */
const maximumLinks = 40;
/** Descriptors that one walk may hold. */
export const maximumDepth = 1000;

/** A path of the file that stays its own while the handle is open; for calls of this process. */
export const pathOf = ({ fd }: Pick<FileHandle, "fd">): string => `/proc/self/fd/${fd}`;
/** The same, for children of this process. */
export const pathForChild = ({ fd }: FileHandle): string => `/proc/${process.pid}/fd/${fd}`;

/** What is at that path, a link included. The caller closes it. */
export const openAsIs = (path: string): Promise<FileHandle> => open(path, handleFlags);

/** A descriptor of what is at that path, a link included. `flags` besides, such as O_DIRECTORY. */
export const openAsIsSync = (path: string | Buffer, flags = 0): number => openSync(path, handleFlags | flags);

/** The path of a name in a folder; names are bytes, of which not all are UTF-8. */
export const pathIn = (folder: Pick<FileHandle, "fd">, name: string | Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${pathOf(folder)}/`), Buffer.from(name)]);

/** What has that name in a folder, a link included. `name` is one part of a path, and not `..`. */
export const openIn = (folder: Pick<FileHandle, "fd">, name: string | Buffer): Promise<FileHandle> =>
  open(pathIn(folder, name), handleFlags);

/** An existing regular file, to be read; never a link, and never what would make a reader wait. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw failure("EINVAL", `not a regular file: ${path}`);
}

export interface BeneathOptions {
  /** Makes folders that are missing, with the mode and the owner of the root. Default: their absence is ENOENT. */
  readonly create?: boolean;
}

/**
 * Opens what `path` leads to below `root`, through links that stay there; `path` is relative. The caller closes it.
 * Throws an Error with a code: EXDEV where it leads out of the root, ELOOP, ENOENT, ENOTDIR, ENAMETOOLONG.
 */
export async function openBeneath(
  root: string,
  path: string,
  { create = false }: BeneathOptions = {},
): Promise<FileHandle> {
  const opened = [await openAsIs(root)];
  try {
    await walk(root, opened, path, create);
    return opened.pop() as FileHandle;
  } finally {
    for (const handle of opened) await handle.close();
  }
}

/** Leaves the handles of the folders on the way in `opened`, and what the path leads to last. */
async function walk(root: string, opened: FileHandle[], path: string, create: boolean): Promise<void> {
  const ahead = path.split("/").reverse();
  let links = 0;
  /** Parts ahead that are the path's own, and no link's. */
  let own = ahead.length;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    const isOwn = ahead.length < own;
    own = Math.min(own, ahead.length);
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (opened.length === 1) throw failure("EXDEV", `${path} leads out of ${root}`);
      await opened.pop()?.close();
      continue;
    }
    if (opened.length > maximumDepth) throw failure("ENAMETOOLONG", `${path} is too deep`);
    const folder = opened.at(-1) as FileHandle;
    const next = await openOrMake(folder, name, create && isOwn ? (opened[0] as FileHandle) : undefined);
    if (!(await next.stat()).isSymbolicLink()) {
      opened.push(next);
      continue;
    }
    await next.close();
    if (++links > maximumLinks) throw failure("ELOOP", `too many links in ${path}`);
    const target = await readlink(`${pathOf(folder)}/${name}`);
    if (target.startsWith("/")) {
      const inside = target === root ? "" : target.startsWith(`${root}/`) ? target.slice(root.length + 1) : undefined;
      if (inside === undefined) throw failure("EXDEV", `${path} leads out of ${root}`);
      while (opened.length > 1) await opened.pop()?.close();
      ahead.push(...inside.split("/").reverse());
    } else ahead.push(...target.split("/").reverse());
  }
}

async function openOrMake(folder: FileHandle, name: string, like: FileHandle | undefined): Promise<FileHandle> {
  try {
    return await openIn(folder, name);
  } catch (error) {
    if (like === undefined || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  await mkdir(`${pathOf(folder)}/${name}`).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  const made = await openIn(folder, name);
  try {
    if (!(await made.stat()).isDirectory()) throw failure("ENOTDIR", `${name} is no folder`);
    const { mode, uid, gid } = await like.stat();
    await chmod(pathOf(made), mode & 0o7777);
    if (uid !== 0 || gid !== 0) await chown(pathOf(made), uid, gid);
    return made;
  } catch (error) {
    await made.close();
    throw error;
  }
}

/**
 * Visits a file or folder and all that is in it, links themselves and not what they lead to. A folder is visited before
 * what is in it. What goes away meanwhile is left out. Throws ENAMETOOLONG for what is deeper than `maximumDepth`.
 */
export async function visitTree(
  top: FileHandle,
  visit: (file: FileHandle, stats: Stats) => Promise<void>,
  depth = 0,
): Promise<void> {
  const stats = await top.stat();
  await visit(top, stats);
  if (!stats.isDirectory()) return;
  if (depth > maximumDepth) throw failure("ENAMETOOLONG", "folders are too deep");
  for (const name of await readdir(pathOf(top), { encoding: "buffer" })) {
    const child = await openIn(top, name).catch(ignoreMissing);
    if (child === undefined) continue;
    try {
      await visitTree(child, visit, depth + 1);
    } finally {
      await child.close();
    }
  }
}

/**
 * Removes a file, or a folder and all that is in it, however deep that is: what is in its folders is moved up into it, so
 * that paths stay short and one descriptor is open at a time. Absence is fine. A mount below stays, and throws EBUSY.
 */
export async function removeTree(path: string): Promise<void> {
  const top = await openAsIs(path).catch(ignoreMissing);
  if (top === undefined) return;
  try {
    if (!(await top.stat()).isDirectory()) return await unlink(path);
    const folders = await emptyInto(top, top);
    for (let name = folders.pop(); name !== undefined; name = folders.pop()) {
      const folder = await openIn(top, name);
      try {
        folders.push(...(await emptyInto(top, folder)));
      } finally {
        await folder.close();
      }
      await rmdir(pathIn(top, name));
    }
  } finally {
    await top.close();
  }
  await rmdir(path);
}

/** Removes the files of a folder, and moves its folders to names of their own in `top`, which are the answer. */
async function emptyInto(top: FileHandle, folder: FileHandle): Promise<string[]> {
  const moved: string[] = [];
  for (const entry of await readdir(pathOf(folder), { encoding: "buffer", withFileTypes: true })) {
    const path = pathIn(folder, entry.name);
    if (!entry.isDirectory()) await unlink(path).catch(ignoreMissing);
    else {
      const name = `.removing-${randomUUID()}`;
      await rename(path, pathIn(top, name));
      moved.push(name);
    }
  }
  return moved;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}

function failure(code: keyof typeof system.errno, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${message}`), { code, errno: -system.errno[code] });
}
