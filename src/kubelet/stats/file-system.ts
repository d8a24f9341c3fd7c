/** The space of a file system, as the Summary API shows it. */
import { statfs } from "node:fs/promises";
import type { FileUsage } from "./disk-usage.ts";

/** stats.k8s.io/v1alpha1 FsStats, but for the time. */
export interface FileSystemStats {
  readonly availableBytes: number;
  readonly capacityBytes: number;
  readonly usedBytes: number;
  readonly inodesFree: number;
  readonly inodes: number;
  readonly inodesUsed: number;
}

/** Of the file system that holds this path. Throws what the file system says. */
export async function readFileSystem(path: string): Promise<FileSystemStats> {
  const { blocks, bfree, bavail, bsize, files, ffree } = await statfs(path);
  return {
    availableBytes: bavail * bsize,
    capacityBytes: blocks * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodesFree: ffree,
    inodes: files,
    inodesUsed: files - ffree,
  };
}

/** What these files take of the file system that they lie on. */
export function usageOn(fileSystem: FileSystemStats, { bytes, inodes }: FileUsage): FileSystemStats {
  return { ...fileSystem, usedBytes: bytes, inodesUsed: inodes };
}
