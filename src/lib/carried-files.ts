/**
 * The files that `dist/mini` carries behind its executable part: node image and kubectl. Written by
 * scripts/build-binary.ts; read by the launcher, which unpacks them into its cache.
 *
 * Layout: executable, padding to a page, the files, their index as JSON, and a trailer of 16 bytes: the index's length
 * (64 bits, little endian) and the magic `MINIFILE`. The guest is given the executable part alone.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { PassThrough, type Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createZstdDecompress } from "node:zlib";
import { temporaryBeside } from "./atomic-file.ts";

export interface CarriedFile {
  /** `vmlinuz`, `initrd`, `root.squashfs`, `kubectl`. */
  readonly name: string;
  readonly offset: number;
  /** Bytes as stored. */
  readonly size: number;
  /** Of the bytes as stored. */
  readonly sha256: string;
  readonly compression: "none" | "zstd";
  /** Permission bits of the unpacked file. */
  readonly mode: number;
}

export interface CarriedFiles {
  /** Identifies the build: sha256 of the executable part and of all files, 16 hex digits. */
  readonly build: string;
  /** Identifies the node image alone, 16 hex digits: machines with the same image share its unpacked files. */
  readonly image: string;
  /** Length of the part that is the ELF executable. */
  readonly executableLength: number;
  /** `v1.36.4`; empty where kubectl was left out. */
  readonly kubectlVersion: string;
  readonly files: readonly CarriedFile[];
}

export const trailerMagic = Buffer.from("MINIFILE");
export const trailerLength = 16;

/** The index of `executable`; undefined where the file carries nothing (the program runs from source). */
export async function readCarriedFiles(executable: string = process.execPath): Promise<CarriedFiles | undefined> {
  const file = await open(executable);
  try {
    const { size } = await file.stat();
    const trailer = Buffer.alloc(trailerLength);
    if (size < trailerLength) return undefined;
    await file.read(trailer, 0, trailerLength, size - trailerLength);
    if (!trailer.subarray(8).equals(trailerMagic)) return undefined;
    const index = Buffer.alloc(Number(trailer.readBigUInt64LE(0)));
    await file.read(index, 0, index.length, size - trailerLength - index.length);
    return JSON.parse(index.toString()) as CarriedFiles;
  } finally {
    await file.close();
  }
}

/** Length of the part of `executable` that a node needs: all of it where nothing is carried. */
export async function executableLength(executable: string): Promise<number | undefined> {
  return (await readCarriedFiles(executable))?.executableLength;
}

/**
 * Unpacks one carried file to `target` by way of a temporary file beside it. Throws when the bytes do not have the
 * digest of the index (a damaged `mini`), leaving nothing.
 */
export async function unpackCarriedFile(
  file: CarriedFile,
  target: string,
  executable = process.execPath,
): Promise<void> {
  const temporary = temporaryBeside(target);
  await mkdir(dirname(target), { recursive: true });
  const hash = createHash("sha256");
  const expand: Transform = file.compression === "zstd" ? createZstdDecompress() : new PassThrough();
  try {
    await pipeline(
      createReadStream(executable, { start: file.offset, end: file.offset + file.size - 1, highWaterMark: 1 << 20 }),
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          hash.update(chunk);
          yield chunk;
        }
      },
      expand,
      createWriteStream(temporary, { mode: file.mode, highWaterMark: 1 << 20 }),
    );
    if (hash.digest("hex") !== file.sha256) throw new Error(`${file.name} inside ${executable} is damaged`);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
