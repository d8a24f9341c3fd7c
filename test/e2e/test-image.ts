/** A container image made here, as no registry can be reached: the node image's busybox with all its applets. */
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { tar, writeOciArchive } from "../../images/oci-archive.ts";

/** Writes an OCI archive with one image of that name, which runs as root and sleeps until it is told to end. */
export async function writeTestImage(reference: string, archive: string): Promise<void> {
  // Debian 12's own cannot resolve names: statically linked, it looks for libraries that an image does not have.
  const squashfs = join(import.meta.dirname, "../../.cache/image/root.squashfs");
  const busybox = execFileSync("unsquashfs", ["-cat", squashfs, "usr/bin/busybox"], { maxBuffer: 1 << 24 });
  const program = join(dirname(archive), "busybox");
  writeFileSync(program, busybox);
  chmodSync(program, 0o755);
  const applets = execFileSync(program, ["--list"], { encoding: "utf8" })
    .split("\n")
    .filter((name) => name !== "" && name !== "busybox");
  const folder = (name: string) => ({ name, type: "directory" as const, mode: 0o755 });
  const layer = await tar([
    ...["bin/", "etc/", "root/"].map(folder),
    { ...folder("tmp/"), mode: 0o1777 },
    { name: "bin/busybox", mode: 0o755, content: busybox },
    ...applets.map((name) => ({ name: `bin/${name}`, type: "symlink" as const, linkname: "busybox" })),
    { name: "etc/passwd", mode: 0o644, content: "root:x:0:0:root:/root:/bin/sh\n" },
  ]);
  const config = { Env: ["PATH=/bin"], Cmd: ["sh", "-c", "trap exit TERM; sleep 100000 & wait"], WorkingDir: "/" };
  await writeOciArchive([{ references: [reference], layers: [layer], config }], archive);
}
