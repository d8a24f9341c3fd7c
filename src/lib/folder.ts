/** Folders with their parents. */
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * As mkdir with `recursive`, which for ever tries again where a file system takes no new folders and says ENOENT, as
 * /proc does. Throws EROFS there, ENOTDIR where a file is in the way. `mode` is that of every folder it makes.
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  if (await made(path, mode)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent, mode);
  if (await made(path, mode)) return;
  throw failure("EROFS", `${path} cannot be made: its file system takes no new folders`);
}

/** Whether the folder is there now; false where its parent is missing. */
async function made(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (code !== "EEXIST") throw error;
    if (await isFolder(path)) return true;
    throw failure("ENOTDIR", `${path} is not a folder`);
  }
}

async function isFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() === true;
}

function failure(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
