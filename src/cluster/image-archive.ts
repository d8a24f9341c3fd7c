/**
 * What an image archive holds, read before it is sent anywhere: a tar of the OCI image layout or of `docker save`, plain or
 * compressed with gzip, zstd or xz. The description files may stand anywhere in it, so all headers are read once.
 */
import { spawn } from "node:child_process";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { MiniError } from "./errors.ts";

export interface ArchivedImage {
  /** As the archive has them; none where it was saved by its id. */
  readonly names: readonly string[];
  /** Digest of its configuration, `sha256:…`, which is the image's id. */
  readonly id: string;
  /** `linux/amd64`; undefined where the archive does not say. */
  readonly platform: string | undefined;
}

export type Compression = "none" | "gzip" | "zstd" | "xz";

export interface ImageArchive {
  readonly compression: Compression;
  readonly images: readonly ArchivedImage[];
}

const blockSize = 512;
/** Description files are far smaller; layers are not kept. */
const fileLimit = 4 << 20;
const totalLimit = 64 << 20;

/** Throws GUEST_IMAGE_LOAD with what is wrong: no archive, cut off, no images in it. */
export async function inspectArchive(path: string, shown: string): Promise<ImageArchive> {
  const compression = await findCompression(path);
  const files = new DescriptionFiles();
  try {
    for await (const { name, content } of entries(expand(path, compression))) files.add(name, content);
  } catch (error) {
    if (error instanceof MiniError) throw error;
    const detail = error instanceof Error ? error.message : String(error);
    throw unusable(`${shown} cannot be read to its end: ${detail}`, error);
  }
  const images = files.images();
  if (images.length > 0) return { compression, images };
  throw unusable(
    files.count === 0
      ? `${shown} is not an image archive: it is neither a tar nor one compressed with gzip, zstd or xz`
      : `${shown} holds no image: it has neither an index.json (OCI) nor a manifest.json (docker save)`,
  );
}

/** The archive as a tar. */
export function expand(path: string, compression: Compression): Readable {
  const file = createReadStream(path, { highWaterMark: 1 << 20 });
  if (compression === "none") return file;
  if (compression === "xz") return expandWithXz(file);
  const expanded = compression === "gzip" ? createGunzip() : createZstdDecompress();
  file.on("error", (error) => expanded.destroy(error));
  return file.pipe(expanded);
}

/** Node has no xz; the program is in the package xz-utils, which most systems have. */
function expandWithXz(file: Readable): Readable {
  const program = spawn("xz", ["--decompress", "--stdout"], { stdio: "pipe" });
  const expanded = new PassThrough();
  const said: Buffer[] = [];
  program.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  program.on("error", (cause) =>
    expanded.destroy(new Error("the program xz (package xz-utils) is not installed", { cause })),
  );
  // Its output is whole only where the program says so with its exit code, after it.
  program.on("close", (code) => {
    if (code === 0) expanded.end();
    else expanded.destroy(new Error(Buffer.concat(said).toString().trim() || "xz failed"));
  });
  expanded.on("close", () => program.kill());
  program.stdout.pipe(expanded, { end: false });
  // It stops reading where it finds a fault, and says so itself.
  program.stdin.on("error", () => undefined);
  file.on("error", (error) => expanded.destroy(error));
  file.pipe(program.stdin);
  return expanded;
}

async function findCompression(path: string): Promise<Compression> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 0);
    const magic = buffer.toString("hex");
    if (magic.startsWith("1f8b")) return "gzip";
    if (magic.startsWith("28b52ffd")) return "zstd";
    return magic === "fd377a585a00" ? "xz" : "none";
  } finally {
    await file.close();
  }
}

interface Entry {
  readonly name: string;
  /** Of small files; empty for all others. */
  readonly content: Buffer;
}

/** The files of a tar (POSIX.1-1988, with the extensions of GNU and pax for sizes). Throws where it is cut off. */
async function* entries(stream: Readable): AsyncGenerator<Entry> {
  const reader = new ByteReader(stream);
  for (let count = 0; ; count++) {
    const header = await reader.read(blockSize);
    if (header === undefined) return;
    if (header.length < blockSize && count === 0) return;
    if (header.length < blockSize) throw new Error("it is cut off");
    if (header.every((byte) => byte === 0)) break;
    if (!hasRightChecksum(header)) return;
    const name = text(header, 0, 100);
    const prefix = header.toString("latin1", 257, 262) === "ustar" ? text(header, 345, 155) : "";
    const size = number(header.subarray(124, 136));
    const isFile = header[156] === 0 || header[156] === 0x30;
    const path = (prefix === "" ? name : `${prefix}/${name}`).replace(/^\.\//, "");
    const padding = (blockSize - (size % blockSize)) % blockSize;
    const keep = isFile && size <= fileLimit;
    const content = keep ? await reader.read(size) : undefined;
    const missing = keep ? size - (content?.length ?? 0) : size - (await reader.skip(size));
    if (missing > 0) throw new Error(`it is cut off in ${path}, where ${missing} bytes are missing`);
    await reader.skip(padding);
    yield { name: path, content: content ?? Buffer.alloc(0) };
  }
  // To the end, since a compressed file is whole only there.
  await reader.skip(Number.POSITIVE_INFINITY);
}

class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Fewer bytes at the end, undefined when there are none. */
  async read(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    const got = await this.#take(length, (part) => parts.push(part));
    return got === 0 && length > 0 ? undefined : Buffer.concat(parts);
  }

  /** Answers how many there were. */
  async skip(length: number): Promise<number> {
    return await this.#take(length, () => undefined);
  }

  async #take(length: number, use: (part: Buffer) => void): Promise<number> {
    let got = 0;
    while (got < length) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) return got;
        this.#rest = next.value;
      }
      const part = this.#rest.subarray(0, Math.min(this.#rest.length, length - got));
      this.#rest = this.#rest.subarray(part.length);
      got += part.length;
      use(part);
    }
    return got;
  }
}

function text(header: Buffer, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

/** Octal digits, or big endian with the first bit set. */
function number(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) === 0)
    return Number.parseInt(field.toString("latin1").trim().replace(/\0.*$/, ""), 8) || 0;
  return Number(field.readBigUInt64BE(4));
}

function hasRightChecksum(header: Buffer): boolean {
  let sum = 8 * 0x20;
  for (const [index, byte] of header.entries()) if (index < 148 || index >= 156) sum += byte;
  return sum === number(header.subarray(148, 156));
}

interface Descriptor {
  readonly digest?: string;
  readonly mediaType?: string;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

class DescriptionFiles {
  readonly #files = new Map<string, Buffer>();
  #bytes = 0;
  count = 0;

  add(name: string, content: Buffer): void {
    this.count++;
    if (content.length === 0 || this.#bytes + content.length > totalLimit) return;
    // What is no JSON describes nothing.
    if (content[0] !== 0x7b && content[0] !== 0x5b) return;
    this.#bytes += content.length;
    this.#files.set(name, content);
  }

  images(): ArchivedImage[] {
    const index = this.#json<{ manifests?: readonly Descriptor[] }>("index.json");
    if (index !== undefined) return (index.manifests ?? []).flatMap((each) => this.#ofDescriptor(each, namesOf(each)));
    const saved = this.#json<readonly { Config?: string; RepoTags?: readonly string[] | null }[]>("manifest.json");
    if (!Array.isArray(saved)) return [];
    return saved.map(({ Config = "", RepoTags }) => ({
      names: RepoTags ?? [],
      id: `sha256:${Config.replace(/^blobs\/sha256\//, "").replace(/\.json$/, "")}`,
      platform: this.#platform(Config),
    }));
  }

  /** Of an index, the images of all its platforms; attestations, which say `unknown`, are none. */
  #ofDescriptor({ digest = "", platform }: Descriptor, names: readonly string[]): ArchivedImage[] {
    if (platform?.os === "unknown") return [];
    const manifest = this.#json<{ config?: Descriptor; manifests?: readonly Descriptor[] }>(blob(digest));
    if (manifest?.manifests !== undefined) {
      return manifest.manifests.flatMap((each) =>
        this.#files.has(blob(each.digest ?? "")) ? this.#ofDescriptor(each, names) : [],
      );
    }
    const config = manifest?.config?.digest ?? "";
    return [{ names, id: config, platform: this.#platform(blob(config)) ?? platformText(platform) }];
  }

  #platform(file: string): string | undefined {
    return platformText(this.#json<{ os?: string; architecture?: string }>(file));
  }

  #json<T>(name: string): T | undefined {
    const content = this.#files.get(name);
    if (content === undefined) return undefined;
    try {
      return JSON.parse(content.toString()) as T;
    } catch {
      return undefined;
    }
  }
}

function namesOf({ annotations = {} }: Descriptor): string[] {
  const name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
  return name === undefined ? [] : [name];
}

function blob(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function platformText(value: { os?: string; architecture?: string } | undefined): string | undefined {
  return value?.os === undefined || value.architecture === undefined ? undefined : `${value.os}/${value.architecture}`;
}

function unusable(message: string, cause?: unknown): MiniError {
  const advice = "docker save NAME -o image.tar, then mini image load image.tar";
  return new MiniError("GUEST_IMAGE_LOAD", message, { advice, cause });
}
