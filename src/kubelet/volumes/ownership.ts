/**
 * Gives a volume to the pod's fsGroup: group owner, group read and write, and the set-group-id bit on folders. Containers
 * of the pod, or of another that has the volume, may be exchanging files for links meanwhile.
 */
import type { Stats } from "node:fs";
import { chmod, chown, type FileHandle } from "node:fs/promises";
import { openAsIs, pathOf, visitTree } from "../../lib/beneath.ts";

/** `policy`: `OnRootMismatch` skips the walk when the top is right already. */
export async function applyGroup(path: string, group: number, policy: string): Promise<void> {
  const top = await openAsIs(path);
  try {
    if (policy === "OnRootMismatch") {
      const { gid, mode } = await top.stat();
      if (gid === group && (mode & 0o2060) === 0o2060) return;
    }
    await visitTree(top, (file, found) => giveTo(file, found, group));
  } finally {
    await top.close();
  }
}

async function giveTo(file: FileHandle, found: Stats, group: number): Promise<void> {
  if (found.gid !== group) await chown(pathOf(file), found.uid, group);
  if (found.isSymbolicLink()) return;
  const mode = found.mode & 0o7777;
  const wanted = mode | (found.isDirectory() ? 0o2770 : 0o660);
  // Changing the owner takes set-user-id and set-group-id away.
  if (wanted !== mode || found.gid !== group) await chmod(pathOf(file), wanted);
}
