/** Gives a volume to the pod's fsGroup: group owner, group read and write, and the set-group-id bit on folders. */
import { chmod, lchown, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** `policy`: `OnRootMismatch` skips the walk when the top is right already. */
export async function applyGroup(path: string, group: number, policy: string): Promise<void> {
  if (policy === "OnRootMismatch") {
    const { gid, mode } = await lstat(path);
    if (gid === group && (mode & 0o2060) === 0o2060) return;
  }
  await applyTo(path, group);
}

async function applyTo(path: string, group: number): Promise<void> {
  const found = await lstat(path);
  await lchown(path, found.uid, group);
  if (found.isSymbolicLink()) return;
  if (!found.isDirectory()) {
    await chmod(path, (found.mode & 0o7777) | 0o660);
    return;
  }
  await chmod(path, (found.mode & 0o7777) | 0o2770);
  for (const name of await readdir(path)) await applyTo(join(path, name), group);
}
