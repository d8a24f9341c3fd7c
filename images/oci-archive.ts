/**
 * Writes container images as an OCI archive (image-spec 1.1, image layout in a tar), one or several in one file with
 * shared layers stored once. Layers are plain tar. The same input gives the same bytes.
 */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type Header, pack } from "tar-stream";

const modified = new Date(Number(process.env["SOURCE_DATE_EPOCH"] ?? 0) * 1000);

export interface TarEntry extends Partial<Header> {
  readonly name: string;
  readonly content?: Buffer | string;
}

export interface OciImage {
  /** Full names, `docker.io/mini/pause:1`. */
  readonly references: readonly string[];
  /** Uncompressed tars, lowest first; see `tar`. */
  readonly layers: readonly Buffer[];
  /** The `config` of an image configuration: Entrypoint, Cmd, Env, User, … */
  readonly config: Record<string, unknown>;
}

interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

export async function tar(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry({ mtime: modified, ...header }, content ?? "");
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

export async function writeOciArchive(images: readonly OciImage[], path: string): Promise<void> {
  const blobs = new Map<string, Blob>();
  const known = new Map<Buffer, Blob>();
  const add = (bytes: Buffer): Blob => {
    const blob = known.get(bytes) ?? { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, bytes };
    known.set(bytes, blob);
    blobs.set(blob.digest, blob);
    return blob;
  };
  const manifests = images.flatMap((image) => describeImage(image, add));
  const index = { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests };
  const archive = await tar([
    { name: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }) },
    { name: "index.json", content: json(index) },
    ...[...blobs.values()].map(({ digest, bytes }) => ({ name: `blobs/${digest.replace(":", "/")}`, content: bytes })),
  ]);
  await pipeline([archive], createWriteStream(path));
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function describeImage({ references, layers, config }: OciImage, add: (bytes: Buffer) => Blob): object[] {
  const layerBlobs = layers.map(add);
  const image = json({
    created: modified.toISOString(),
    architecture: "amd64",
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: layerBlobs.map(({ digest }) => digest) },
    history: layerBlobs.map(() => ({ created: modified.toISOString(), created_by: "mini" })),
  });
  const descriptor = (mediaType: string, { digest, bytes }: Blob): object => ({
    mediaType,
    digest,
    size: bytes.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", add(image)),
    layers: layerBlobs.map((blob) => descriptor("application/vnd.oci.image.layer.v1.tar", blob)),
  });
  return references.map((reference) => ({
    ...descriptor("application/vnd.oci.image.manifest.v1+json", add(manifest)),
    platform: { architecture: "amd64", os: "linux" },
    annotations: {
      "io.containerd.image.name": reference,
      "org.opencontainers.image.ref.name": reference.split(":").at(-1),
    },
  }));
}
