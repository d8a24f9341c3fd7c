/** How much of the disk files take, counted as upstream's kubelet does for logs and volumes. */
import type { Stats } from "node:fs";
import { lstat, opendir } from "node:fs/promises";
import { join } from "node:path";

const blockBytes = 512;
/** Files that are asked about at the same time. */
const batchSize = 64;

/**
 * Bytes of a file, or of a folder and all that is in it: allocated blocks, each hard link once, links not followed, other
 * file systems left out. What is not there, or goes away meanwhile, takes none. Throws what the file system says.
 */
export async function diskUsage(path: string): Promise<number> {
  const top = await present(lstat(path));
  if (top === undefined) return 0;
  if (!top.isDirectory()) return top.blocks * blockBytes;
  const seen = new Set<number>();
  const folders = [path];
  let bytes = top.blocks * blockBytes;
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for await (const batch of entries(folder)) {
      for (const [child, stats] of batch) {
        if (stats.dev !== top.dev) continue;
        if (stats.isDirectory()) folders.push(child);
        else if (stats.nlink > 1) {
          if (seen.has(stats.ino)) continue;
          seen.add(stats.ino);
        }
        bytes += stats.blocks * blockBytes;
      }
    }
  }
  return bytes;
}

/** Bytes of the files right in that folder: neither of the folder itself nor of those in it. */
export async function filesUsage(folder: string): Promise<number> {
  let bytes = 0;
  for await (const batch of entries(folder)) {
    for (const [, stats] of batch) if (!stats.isDirectory()) bytes += stats.blocks * blockBytes;
  }
  return bytes;
}

async function* entries(folder: string): AsyncGenerator<[path: string, stats: Stats][]> {
  const names = await present(opendir(folder));
  if (names === undefined) return;
  let paths: string[] = [];
  for await (const { name } of names) {
    paths.push(join(folder, name));
    if (paths.length < batchSize) continue;
    yield await statAll(paths);
    paths = [];
  }
  if (paths.length > 0) yield await statAll(paths);
}

async function statAll(paths: readonly string[]): Promise<[path: string, stats: Stats][]> {
  const found = await Promise.all(paths.map(async (path) => [path, await present(lstat(path))] as const));
  return found.flatMap(([path, stats]) => (stats === undefined ? [] : [[path, stats]]));
}

function present<T>(result: Promise<T>): Promise<T | undefined> {
  return result.catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
}
