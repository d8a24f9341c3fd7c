/**
 * Writes small read-only ISO 9660 images (ECMA-119) with Rock Ridge names and modes (IEEE P1282), which Linux mounts
 * without further modules or character sets. Used for the disk that shows `mini` to a virtual machine and for each
 * node's seed. The same entries give the same bytes: no clock, no random volume id.
 */
import { createReadStream } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { temporaryBeside } from "./atomic-file.ts";
import { type Directory, type File, layOut, SECTOR, sectorsOf } from "./iso9660-layout.ts";

export interface IsoEntry {
  /** Slash-separated path within the image: `pki/ca.crt`. Folders come from the paths. Parts up to 128 bytes. */
  readonly path: string;
  /** The contents; or a file on disk, of which only the first `length` bytes when given. */
  readonly source: Uint8Array | string | { readonly file: string; readonly length?: number };
  /** Permission bits, 0o444 when absent. */
  readonly mode?: number;
}

/**
 * Writes the image to `path` by way of a temporary file beside it, so that a reader never sees half an image. The
 * temporary file is removed on failure. Throws on a duplicate or empty path and on files of 4 GiB or more.
 */
export async function writeIso(path: string, entries: readonly IsoEntry[], volume = "MINI"): Promise<void> {
  const sized = await Promise.all(entries.map(async (entry) => ({ entry, size: await sizeOf(entry) })));
  const { directories, files, head, totalSectors } = layOut(sized, volume);
  const temporary = temporaryBeside(path);
  const output = await open(temporary, "w", 0o600);
  try {
    await output.write(head, 0, head.length, 0);
    for (const directory of directories) await writeDirectory(output, directory);
    for (const file of files) await writeFile(output, file);
    await output.truncate(totalSectors * SECTOR);
    await output.close();
    await rename(temporary, path);
  } catch (error) {
    await output.close().catch(() => undefined);
    await rm(temporary, { force: true });
    throw error;
  }
}

async function sizeOf({ source }: IsoEntry): Promise<number> {
  if (typeof source === "string") return Buffer.byteLength(source);
  if (source instanceof Uint8Array) return source.length;
  return source.length ?? (await stat(source.file)).size;
}

async function writeDirectory(output: FileHandle, directory: Directory): Promise<void> {
  await output.write(directory.records, 0, directory.records.length, directory.sector * SECTOR);
}

async function writeFile(output: FileHandle, { entry, sector, size }: File): Promise<void> {
  const { source } = entry;
  if (size === 0) return;
  if (typeof source === "string" || source instanceof Uint8Array) {
    const bytes = typeof source === "string" ? Buffer.from(source) : source;
    await output.write(bytes, 0, bytes.length, sector * SECTOR);
    return;
  }
  let position = sector * SECTOR;
  for await (const chunk of createReadStream(source.file, { end: size - 1, highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    await output.write(bytes, 0, bytes.length, position);
    position += bytes.length;
  }
  if (position < sector * SECTOR + size)
    throw new Error(`${source.file} became shorter than ${sectorsOf(size)} sectors`);
}
