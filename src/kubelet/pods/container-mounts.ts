/** The mounts of one container: its volumes with sub-paths, /etc/hosts, and the file for its termination message. */
import { randomBytes } from "node:crypto";
import { chmod, chown, lstat, mkdir, realpath, stat, writeFile } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Container, Pod, VolumeMount } from "../../kinds/generated/core-v1.ts";
import type { Image, Mount } from "../cri/generated/messages.ts";
import type { VolumeImages } from "../images/volume-images.ts";
import { imageSubPath } from "../volumes/image-mounts.ts";
import type { MountedVolume } from "../volumes/volume-manager.ts";
import { mountPropagation } from "./container-config.ts";
import { expandStrictly } from "./expansion.ts";
import { type PodHostname, writeHostsFile } from "./hosts-file.ts";
import { StartError } from "./start-error.ts";

export interface MountInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  readonly volumeImages: VolumeImages;
  /** Mounts an image for the volume of that name, and answers where. */
  mountImage(volume: string, image: Image): Promise<string>;
  readonly environment: ReadonlyMap<string, string>;
  /** podFolder of the pod. */
  readonly folder: string;
  readonly ips: readonly string[];
  readonly name: PodHostname;
}

/** Throws a StartError, or an Error for the message of CreateContainerConfigError. */
export async function containerMounts(input: MountInput): Promise<Mount[]> {
  const { container, pod, ips } = input;
  const mounts: Mount[] = [];
  for (const mount of container.volumeMounts ?? []) mounts.push(await volumeMount(mount, input));
  const hostsMounted = mounts.some(({ containerPath }) => containerPath === "/etc/hosts");
  if (!hostsMounted && (ips.length > 0 || pod.spec?.hostNetwork === true)) {
    const hostPath = join(input.folder, "etc-hosts");
    await writeHostsFile(hostPath, pod, ips, input.name);
    mounts.push({ containerPath: "/etc/hosts", hostPath, propagation: "PROPAGATION_PRIVATE" });
  }
  const messagePath = container.terminationMessagePath ?? "";
  if (messagePath !== "") {
    const directory = join(input.folder, "containers", container.name);
    await mkdir(directory, { recursive: true, mode: 0o750 });
    const hostPath = join(directory, randomBytes(4).toString("hex"));
    await writeFile(hostPath, "");
    // Whatever user the container runs as may write its last words.
    await chmod(hostPath, 0o666);
    mounts.push({ containerPath: messagePath, hostPath, propagation: "PROPAGATION_PRIVATE" });
  }
  return mounts;
}

async function volumeMount(mount: VolumeMount, input: MountInput): Promise<Mount> {
  const { container, volumes, environment } = input;
  const volume = volumes.get(mount.name);
  if (volume === undefined) {
    throw new Error(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
  }
  const subPath = mount.subPathExpr
    ? expandStrictly(mount.subPathExpr, (name) => environment.get(name))
    : (mount.subPath ?? "");
  if (subPath.startsWith("/")) throw new Error(`error SubPath \`${subPath}\` must not be an absolute path`);
  if (subPath.split("/").includes("..")) {
    throw new Error(`unable to provision SubPath \`${subPath}\`: must not contain '..'`);
  }
  const common: Mount = {
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`,
    readonly: mount.readOnly === true || volume.readOnly,
    propagation: mountPropagation(mount),
  };
  const image = input.volumeImages.get(mount.name);
  if (image instanceof StartError) throw image;
  if (image !== undefined) return { ...common, hostPath: await imageFolder(mount.name, image, subPath, input) };
  const hostPath =
    subPath === "" ? volume.path : await prepareSubPath(volume.path, subPath, mount.name, container.name);
  return { ...common, hostPath };
}

/** Fails as a runtime does that mounts images itself. */
async function imageFolder(volume: string, image: Image, subPath: string, input: MountInput): Promise<string> {
  try {
    const path = await input.mountImage(volume, image);
    return subPath === "" ? path : await imageSubPath(path, subPath);
  } catch (error) {
    const message = `ImageVolumeMountFailed: ${error instanceof Error ? error.message : String(error)}`;
    throw new StartError("CreateContainerError", message, { cause: error });
  }
}

/** Makes the directory where it is missing, and refuses a path that leads out of the volume through symbolic links. */
async function prepareSubPath(root: string, subPath: string, volume: string, container: string): Promise<string> {
  const base = await realpath(root);
  let current = base;
  const fail = (why: string): never => {
    throw new Error(`failed to prepare subPath for volumeMount "${volume}" of container "${container}": ${why}`);
  };
  for (const part of subPath.split("/").filter((name) => name !== "" && name !== ".")) {
    const next = join(current, part);
    const found = await lstat(next).catch(() => undefined);
    if (found === undefined) {
      const { mode, uid, gid } = await stat(base);
      await mkdir(next).catch((error: NodeJS.ErrnoException) =>
        error.code === "EEXIST" ? undefined : fail(error.message),
      );
      await chmod(next, mode & 0o7777);
      if (uid !== 0 || gid !== 0) await chown(next, uid, gid);
      current = next;
    } else {
      current = await realpath(next).catch((error: Error) => fail(error.message));
      if (current !== base && !current.startsWith(base + sep)) fail(`${part} leads out of the volume`);
    }
  }
  return current;
}
