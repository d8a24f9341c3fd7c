/**
 * Writes the container images that the node image carries, as an OCI archive (image-spec 1.1 image layout in a tar):
 * `docker.io/mini/pause:1` (catatonit, which does nothing but reap) and `docker.io/mini/quickstart:1` (busybox with a
 * page that shows its configuration, for examples/quickstart.yaml and tests). Fed by the unpacked Debian packages;
 * layers stay uncompressed, since squashfs compresses them and a slow guest then has less to do.
 *
 *   node images/container-images.ts <folder of unpacked packages> <output folder>
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TarEntry, tar, writeOciArchive } from "./oci-archive.ts";

interface ImageDefinition {
  readonly reference: string;
  readonly entries: readonly TarEntry[];
  readonly config: Record<string, unknown>;
}

/** A shell script run for each request: the configuration is read when asked for, so a changed volume shows. */
const page = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
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
const images = Object.values(await definitions(packages)).map(async ({ reference, entries, config }) => ({
  references: [reference],
  layers: [await tar(entries)],
  config,
}));
// One archive, since each import is a process of its own in the guest. The digest tells the node whether it has it.
const archive = join(output, "carried.tar");
await writeOciArchive(await Promise.all(images), archive);
await writeFile(
  `${archive}.sha256`,
  createHash("sha256")
    .update(await readFile(archive))
    .digest("hex"),
);
