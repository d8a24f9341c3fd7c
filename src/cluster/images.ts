/** Images in the nodes' container runtime: archives in, names out. */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MiniError } from "./errors.ts";
import { expand, type ImageArchive, inspectArchive } from "./image-archive.ts";
import type { Profile, ProfileNode } from "./profile.ts";
import { connectSsh } from "./ssh.ts";

const platform = "linux/amd64";
/** Name of images that have none, followed by their digest; the runtime knows them by their id, too. */
const nameless = "mini.local/loaded";

/**
 * Loads an OCI or Docker archive (of `docker save`, `skopeo copy`, `buildah push`; plain, gzip, zstd or xz) into every
 * node, `-` from `stdin`. Answers the names of its images, or the ids of those that have none. Throws MK_NOT_FOUND,
 * GUEST_IMAGE_LOAD.
 */
export async function loadImage(profile: Profile, archive: string, stdin: Readable): Promise<string[]> {
  if (archive !== "-") return await loadFile(profile, archive, archive);
  const folder = await mkdtemp(join(tmpdir(), "mini-image-"));
  try {
    const path = join(folder, "archive");
    await pipeline(stdin, createWriteStream(path, { mode: 0o600 }));
    return await loadFile(profile, path, "what standard input gave");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function loadFile(profile: Profile, path: string, shown: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined || !found.isFile()) {
    const what = found?.isDirectory() === true ? "a folder, not a file" : "not a file";
    const advice = `docker save ${path} -o image.tar, then mini image load image.tar`;
    throw new MiniError("MK_NOT_FOUND", `${path} is ${what}; mini image load takes an image archive`, { advice });
  }
  const content = await inspectArchive(path, shown);
  requirePlatform(content, shown);
  const names = await Promise.all(profile.nodes.map((node) => loadInto(profile, node, { path, shown, content })));
  const ids = content.images.filter((image) => image.names.length === 0).map((image) => image.id);
  return [...new Set([...names.flat(), ...ids])];
}

/** Of an image for several platforms, one must be the nodes'. */
function requirePlatform({ images }: ImageArchive, shown: string): void {
  if (images.some((image) => image.platform === undefined || image.platform === platform)) return;
  const [first] = images;
  const others = [...new Set(images.map((image) => image.platform))].join(", ");
  const message = `${first?.names[0] ?? shown} is for ${others}, and the nodes are ${platform}`;
  const advice = `docker pull --platform ${platform} NAME (or docker build --platform ${platform}), then save it again`;
  throw new MiniError("GUEST_IMAGE_LOAD", message, { advice });
}

interface Archive {
  readonly path: string;
  readonly shown: string;
  readonly content: ImageArchive;
}

async function loadInto(profile: Profile, node: ProfileNode, { path, shown, content }: Archive): Promise<string[]> {
  using ssh = await connectSsh(profile, node);
  const digests = content.images.some((image) => image.names.length === 0);
  const naming = digests ? `--digests=true --base-name=${nameless}` : "--digests=false";
  const result = await ssh.capture(`ctr -n k8s.io images import ${naming} -`, expand(path, content.compression));
  if (result.exitCode !== 0) {
    const reason = result.stderr.trim().split("\n").at(-1) ?? "";
    throw new MiniError("GUEST_IMAGE_LOAD", `${node.name} did not take ${shown}: ${reason}`);
  }
  const names = [...result.stdout.matchAll(/unpacking (\S+)/g)].map(([, name = ""]) => name);
  return names.filter((name) => !name.startsWith(`${nameless}@`));
}

/** Names of the images in the control plane's runtime, sorted. */
export async function listImages(profile: Profile): Promise<string[]> {
  const [node] = profile.nodes;
  if (node === undefined) return [];
  using ssh = await connectSsh(profile, node);
  const { exitCode, stdout, stderr } = await ssh.capture("ctr -n k8s.io images ls -q");
  if (exitCode !== 0) throw new MiniError("GUEST_IMAGE_LOAD", `images cannot be listed: ${stderr.trim()}`);
  const names = stdout.split("\n").filter((name) => name !== "" && !name.startsWith("sha256:"));
  return names.sort();
}
