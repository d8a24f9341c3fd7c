/**
 * How much of the disk files take, counted as upstream's kubelet does for logs and volumes. The calls are synchronous,
 * which take a fifth of the time of asynchronous ones, and stop for everything else every few milliseconds.
 */
import { closeSync, constants, fstatSync, lstatSync, opendirSync, type Stats } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { maximumDepth, openAsIsSync, pathIn, pathOf } from "../../lib/beneath.ts";

const blockBytes = 512;
const sliceMs = 5;
/** Names read from a folder at a time. */
const bufferSize = 256;

/** What files take: bytes in allocated blocks, and inodes. */
export interface FileUsage {
  readonly bytes: number;
  readonly inodes: number;
}

export const noFiles: FileUsage = { bytes: 0, inodes: 0 };

export function sumUsage(usages: Iterable<FileUsage>): FileUsage {
  let { bytes, inodes } = noFiles;
  for (const one of usages) {
    bytes += one.bytes;
    inodes += one.inodes;
  }
  return { bytes, inodes };
}

/** Nobody's folders are, but those of who wants not to be counted. */
export class TooDeepError extends Error {
  constructor() {
    super(`folders are more than ${maximumDepth} deep`);
  }
}

/**
 * A file, or a folder and all that is in it: each hard link once, links not followed, other file systems left out. What is
 * not there, or goes away meanwhile, takes nothing. Whoever writes there cannot lead it elsewhere by exchanging folders
 * for links. Throws TooDeepError, and what the file system says.
 */
export async function diskUsage(path: string): Promise<FileUsage> {
  const top = openSync(path);
  if (top === undefined) return noFiles;
  try {
    const found = fstatSync(top);
    const tree: Tree = { dev: found.dev, seen: new Set(), bytes: found.blocks * blockBytes, inodes: 1 };
    if (found.isDirectory()) await addFolder(tree, top, 0);
    return { bytes: tree.bytes, inodes: tree.inodes };
  } finally {
    closeSync(top);
  }
}

interface Tree {
  readonly dev: number;
  /** Files of several names. */
  readonly seen: Set<number>;
  bytes: number;
  inodes: number;
}

async function addFolder(tree: Tree, folder: number, depth: number): Promise<void> {
  if (depth > maximumDepth) throw new TooDeepError();
  const folders: Buffer[] = [];
  for await (const [name, stats] of entries(folder)) {
    if (stats.dev !== tree.dev) continue;
    if (stats.isDirectory()) folders.push(name);
    else if (stats.nlink > 1) {
      if (tree.seen.has(stats.ino)) continue;
      tree.seen.add(stats.ino);
    }
    tree.bytes += stats.blocks * blockBytes;
    tree.inodes++;
  }
  for (const name of folders) {
    const child = openSync(pathIn({ fd: folder }, name), constants.O_DIRECTORY);
    if (child === undefined) continue;
    try {
      if (fstatSync(child).dev === tree.dev) await addFolder(tree, child, depth + 1);
    } finally {
      closeSync(child);
    }
  }
}

/** The files right in that folder: neither the folder itself nor those in it. */
export async function filesUsage(path: string): Promise<FileUsage> {
  const folder = openSync(path, constants.O_DIRECTORY);
  if (folder === undefined) return noFiles;
  let { bytes, inodes } = noFiles;
  try {
    for await (const [, stats] of entries(folder)) {
      if (stats.isDirectory()) continue;
      bytes += stats.blocks * blockBytes;
      inodes++;
    }
  } finally {
    closeSync(folder);
  }
  return { bytes, inodes };
}

async function* entries(descriptor: number): AsyncGenerator<[name: Buffer, stats: Stats]> {
  // Names are bytes, each of which is one character of this encoding: what is no UTF-8 takes as much of the disk.
  const folder = opendirSync(pathOf({ fd: descriptor }), { bufferSize, encoding: "latin1" });
  // Each folder begins with a turn of the others, as many small ones add up too.
  let until = 0;
  try {
    for (let entry = folder.readSync(); entry !== null; entry = folder.readSync()) {
      const name = Buffer.from(entry.name, "latin1");
      const stats = lstatSync(pathIn({ fd: descriptor }, name), { throwIfNoEntry: false });
      if (stats !== undefined) yield [name, stats];
      if (performance.now() < until) continue;
      await setImmediate();
      until = performance.now() + sliceMs;
    }
  } finally {
    folder.closeSync();
  }
}

/** A descriptor of what is at that path, links themselves; undefined where it is not there, or not what the flags want. */
function openSync(path: string | Buffer, flags = 0): number | undefined {
  try {
    return openAsIsSync(path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined;
    throw error;
  }
}
