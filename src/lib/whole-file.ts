/**
 * Whether an unpacked file is still what it was: its digest is looked at once and noted beside it together with its size,
 * inode and time of change, and again only where one of these differs. A look costs a stat and a small read.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { readFileIfPresent, writeFileAtomically } from "./atomic-file.ts";

/** `sha256`: of the whole file, hexadecimal; undefined where only a note can tell. False where there is no such file. */
export async function isWholeFile(path: string, sha256: string | undefined): Promise<boolean> {
  const now = await fingerprint(path);
  if (now === undefined) return false;
  if ((await readFileIfPresent(notePath(path))) === now) return true;
  if (sha256 === undefined || (await digest(path)) !== sha256) return false;
  await writeFileAtomically(notePath(path), now);
  return true;
}

/** Notes that the file, just written, is whole. */
export async function noteWholeFile(path: string): Promise<void> {
  await writeFileAtomically(notePath(path), (await fingerprint(path)) ?? "");
}

/** Removes the file and its note; what is not there is no error. */
export async function removeWholeFile(path: string): Promise<void> {
  for (const each of [path, notePath(path)]) await rm(each, { force: true });
}

function notePath(path: string): string {
  return `${path}.whole`;
}

async function fingerprint(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(() => undefined);
  return found === undefined ? undefined : `${found.size} ${found.ino} ${found.mtimeNs}\n`;
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}
