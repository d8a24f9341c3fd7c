/**
 * Writes the container images that the node image carries, as OCI archives (image-spec 1.1 image layout in a tar):
 * `docker.io/mini/pause:1` (catatonit, which does nothing but reap) and `docker.io/mini/quickstart:1` (busybox with a
 * page that shows its configuration, for examples/quickstart.yaml and tests). Fed by the unpacked Debian packages;
 * layers stay uncompressed, since squashfs compresses them and a slow guest then has less to do.
 *
 *   node images/container-images.ts <folder of unpacked packages> <output folder>
 */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Header, pack } from "tar-stream";

const modified = new Date(Number(process.env["SOURCE_DATE_EPOCH"] ?? 0) * 1000);

interface TarEntry extends Partial<Header> {
  readonly name: string;
  readonly content?: Buffer | string;
}

interface ImageDefinition {
  readonly reference: string;
  readonly entries: readonly TarEntry[];
  readonly config: Record<string, unknown>;
}

async function tar(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content, ...header } of entries) archive.entry({ mtime: modified, ...header }, content ?? "");
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function digest(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function writeArchive({ reference, entries, config }: ImageDefinition, path: string): Promise<void> {
  const layer = await tar(entries);
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const image = json({
    created: modified.toISOString(),
    architecture: "amd64",
    os: "linux",
    config,
    rootfs: { type: "layers", diff_ids: [`sha256:${digest(layer)}`] },
    history: [{ created: modified.toISOString(), created_by: "images/container-images.ts" }],
  });
  const descriptor = (mediaType: string, bytes: Buffer): object => ({
    mediaType,
    digest: `sha256:${digest(bytes)}`,
    size: bytes.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", image),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
  });
  const index = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      {
        ...descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
        platform: { architecture: "amd64", os: "linux" },
        annotations: {
          "io.containerd.image.name": reference,
          "org.opencontainers.image.ref.name": reference.split(":").at(-1),
        },
      },
    ],
  });
  const archive = await tar([
    { name: "oci-layout", content: json({ imageLayoutVersion: "1.0.0" }) },
    { name: "index.json", content: index },
    ...[image, manifest, layer].map((blob) => ({ name: `blobs/sha256/${digest(blob)}`, content: blob })),
  ]);
  await pipeline([archive], createWriteStream(path));
}

/** A shell script run for each request: the configuration is read when asked for, so a changed volume shows. */
const page = `#!/bin/sh
echo "Content-Type: text/plain"
echo
echo "\${GREETING:-Hello from mini}, this is $(hostname)"
if [ -d /config ]; then
  for file in /config/*; do
    [ -f "$file" ] && echo "\${file##*/}: $(cat "$file")"
  done
fi
exit 0
`;

async function definitions(packages: string): Promise<Record<string, ImageDefinition>> {
  const program = async (path: string): Promise<Buffer> => await readFile(join(packages, path));
  const applets = [
    "sh",
    "httpd",
    "cat",
    "hostname",
    "ls",
    "env",
    "sleep",
    "wget",
    "nslookup",
    "ping",
    "ps",
    "id",
    "echo",
  ];
  const folder = (name: string): TarEntry => ({ name, type: "directory", mode: 0o755 });
  const users = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n";
  return {
    pause: {
      reference: "docker.io/mini/pause:1",
      entries: [{ name: "pause", mode: 0o755, content: await program("usr/bin/catatonit") }],
      config: { Entrypoint: ["/pause", "-P"], User: "65535:65535" },
    },
    quickstart: {
      reference: "docker.io/mini/quickstart:1",
      entries: [
        ...["bin/", "etc/", "root/", "tmp/", "www/", "www/cgi-bin/"].map(folder),
        { name: "bin/busybox", mode: 0o755, content: await program("usr/bin/busybox") },
        ...applets.map((name): TarEntry => ({ name: `bin/${name}`, type: "symlink", linkname: "busybox" })),
        { name: "etc/passwd", mode: 0o644, content: users },
        { name: "etc/group", mode: 0o644, content: "root:x:0:\nnogroup:x:65534:\n" },
        { name: "www/cgi-bin/index.cgi", mode: 0o755, content: page },
      ],
      config: {
        Env: ["PATH=/bin"],
        Cmd: ["httpd", "-f", "-p", "8080", "-h", "/www"],
        ExposedPorts: { "8080/tcp": {} },
        User: "65534:65534",
        WorkingDir: "/",
      },
    },
  };
}

const [packages, output] = process.argv.slice(2);
if (packages === undefined || output === undefined) throw new Error("two folders are needed: packages and output");
await mkdir(output, { recursive: true });
for (const [name, definition] of Object.entries(await definitions(packages)))
  await writeArchive(definition, join(output, `${name}.tar`));
