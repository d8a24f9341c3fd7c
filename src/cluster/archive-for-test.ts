/** Image archives for tests: tars of one small layer in either layout. */
import { createHash } from "node:crypto";
import { pack } from "tar-stream";

export interface ArchiveOptions {
  readonly layout: "docker" | "oci";
  /** Undefined: saved by its id. */
  readonly name?: string;
  readonly architecture?: string;
}

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

export async function tarOf(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mode: 0o644 }, content);
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The archive, and the image's id. */
export async function makeArchive({ layout, name, architecture = "amd64" }: ArchiveOptions): Promise<[Buffer, string]> {
  const layer = await tarOf({ "etc/motd": Buffer.from(`${layout} ${name ?? "nameless"}\n`) });
  const config = Buffer.from(
    JSON.stringify({
      architecture,
      os: "linux",
      config: { Cmd: ["/none"] },
      rootfs: { type: "layers", diff_ids: [`sha256:${sha256(layer)}`] },
    }),
  );
  const id = `sha256:${sha256(config)}`;
  if (layout === "docker") {
    const path = `${sha256(layer)}/layer.tar`;
    const manifest = [
      { Config: `${sha256(config)}.json`, RepoTags: name === undefined ? null : [name], Layers: [path] },
    ];
    const files = { [`${sha256(config)}.json`]: config, [path]: layer };
    return [await tarOf({ ...files, "manifest.json": Buffer.from(JSON.stringify(manifest)) }), id];
  }
  const describe = (bytes: Buffer, type: string) => ({
    mediaType: `application/vnd.oci.image.${type}`,
    digest: `sha256:${sha256(bytes)}`,
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: describe(config, "config.v1+json"),
      layers: [describe(layer, "layer.v1.tar")],
    }),
  );
  const annotations = name === undefined ? {} : { annotations: { "io.containerd.image.name": name } };
  const index = { schemaVersion: 2, manifests: [{ ...describe(manifest, "manifest.v1+json"), ...annotations }] };
  const blobs = Object.fromEntries([config, layer, manifest].map((bytes) => [`blobs/sha256/${sha256(bytes)}`, bytes]));
  const layoutFile = Buffer.from('{"imageLayoutVersion":"1.0.0"}');
  return [await tarOf({ "oci-layout": layoutFile, ...blobs, "index.json": Buffer.from(JSON.stringify(index)) }), id];
}
