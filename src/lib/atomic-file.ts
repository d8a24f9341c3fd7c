/** Files that are either the old or the new version, never half of one, also after a crash. */
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "./folder.ts";

export interface WriteOptions {
  /** Permission bits, 0o600 when absent. */
  readonly mode?: number;
}

let temporaries = 0;

/** A name beside `path` that is used once, by this process or any other: the same file may be written twice at a time. */
export function temporaryBeside(path: string): string {
  return `${path}.${process.pid}-${++temporaries}.tmp`;
}

/** Writes beside `path`, syncs, renames over it. Makes the folder (0700) when it is missing. */
export async function writeFileAtomically(
  path: string,
  data: string | Uint8Array,
  { mode = 0o600 }: WriteOptions = {},
): Promise<void> {
  await makeFolder(dirname(path), 0o700);
  const temporary = temporaryBeside(path);
  const file = await open(temporary, "w", mode);
  try {
    await file.writeFile(data);
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The text of a file, undefined when there is none. Other failures reject. */
export async function readFileIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
