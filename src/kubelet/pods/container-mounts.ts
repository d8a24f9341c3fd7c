/** The mounts of one container: its volumes with sub-paths, /etc/hosts, and the file for its termination message. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod, VolumeMount } from "../../kinds/generated/core-v1.ts";
import type { Image, Mount } from "../cri/generated/messages.ts";
import type { VolumeImages } from "../images/volume-images.ts";
import { imageSubPath } from "../volumes/image-mounts.ts";
import { mountSubPath } from "../volumes/sub-paths.ts";
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
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    mounts.push(await volumeMount(mount, index, input));
  }
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

async function volumeMount(mount: VolumeMount, index: number, input: MountInput): Promise<Mount> {
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
  if (subPath === "") return { ...common, hostPath: volume.path };
  const { folder } = input;
  const where = { folder, volume: mount.name, root: volume.path, path: subPath, container: container.name, index };
  const hostPath = await mountSubPath(where).catch((error: Error) => {
    const what = `subPath for volumeMount "${mount.name}" of container "${container.name}"`;
    throw new Error(`failed to prepare ${what}: ${error.message}`, { cause: error });
  });
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
