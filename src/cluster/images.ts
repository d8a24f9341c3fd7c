/** Images in the nodes' container runtime: archives in, names out. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { MiniError } from "./errors.ts";
import type { Profile } from "./profile.ts";
import { connectSsh } from "./ssh.ts";

const importCommand = "ctr -n k8s.io images import --digests=false -";

/**
 * Loads an OCI or Docker archive (of `docker save`, `skopeo copy`, `buildah push`; gzip too) into every node. Answers
 * the names of its images. Throws MK_NOT_FOUND, GUEST_IMAGE_LOAD.
 */
export async function loadImage(profile: Profile, archive: string): Promise<string[]> {
  const found = await stat(archive).catch(() => undefined);
  if (found === undefined || !found.isFile()) {
    const advice = `docker save ${archive} -o image.tar, then mini image load image.tar`;
    throw new MiniError("MK_NOT_FOUND", `${archive} is not a file; mini image load takes an image archive`, { advice });
  }
  const names = await Promise.all(profile.nodes.map((node) => loadInto(profile, node.name, archive)));
  return [...new Set(names.flat())];
}

async function loadInto(profile: Profile, nodeName: string, archive: string): Promise<string[]> {
  const node = profile.nodes.find((each) => each.name === nodeName);
  if (node === undefined) return [];
  using ssh = await connectSsh(profile, node);
  const result = await ssh.capture(importCommand, createReadStream(archive, { highWaterMark: 1 << 20 }));
  if (result.exitCode !== 0) {
    const reason = result.stderr.trim().split("\n").at(-1) ?? "";
    throw new MiniError("GUEST_IMAGE_LOAD", `${nodeName} did not take ${archive}: ${reason}`);
  }
  return [...result.stdout.matchAll(/unpacking (\S+)/g)].map(([, name = ""]) => name);
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
