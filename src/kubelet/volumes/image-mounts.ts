/**
 * Images mounted as volumes: a read-only view of the image's layers below the pod's folder, at
 * `volumes/kubernetes.io~image/VOLUME/IMAGE-ID`, one for each image that the volume's reference has stood for while the
 * pod ran, since a container that starts again gets what was pulled last. What is there is read from the folders, so
 * that nothing is forgotten when the kubelet starts again; after a reboot the same views are mounted anew.
 */
import { mkdir, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import type { Image } from "../cri/generated/messages.ts";
import type { ImageService } from "../cri/image-service.ts";
import type { SnapshotService } from "../cri/snapshot-service.ts";
import { isMounted, mountReadOnly, unmountAll } from "./mount-commands.ts";

export interface ImageMounts {
  /** The folder that the image is mounted at. Idempotent; one call at a time for a pod. */
  mount(uid: string, volume: string, image: Image): Promise<string>;
  /** Takes down all of that pod's. Idempotent. */
  release(uid: string): Promise<void>;
  /** Ids of the images that are mounted for some pod. */
  mounted(): Promise<ReadonlySet<string>>;
}

export interface ImageMountsDependencies {
  readonly images: Pick<ImageService, "chainId">;
  readonly snapshots: SnapshotService;
  /** /var/lib/kubelet */
  readonly root: string;
}

export function createImageMounts({ images, snapshots, root }: ImageMountsDependencies): ImageMounts {
  const pods = join(root, "pods");
  const folderOf = (uid: string): string => join(pods, uid, "volumes", "kubernetes.io~image");
  const viewName = (uid: string, volume: string, id: string): string => `image-volume/${uid}/${volume}/${id}`;

  const list = async (uid: string): Promise<{ volume: string; id: string }[]> => {
    const folder = folderOf(uid);
    const volumes = await entries(folder);
    const found = volumes.map(async (volume) => (await entries(join(folder, volume))).map((id) => ({ volume, id })));
    return (await Promise.all(found)).flat();
  };

  return {
    async mount(uid, volume, image) {
      // An id is a digest; its algorithm is left out of names.
      const id = (image.id ?? "").replace(/^.*:/, "");
      const path = join(folderOf(uid), volume, id);
      if (await isMounted(path)) return path;
      await mkdir(path, { recursive: true });
      const [mount, ...more] = await snapshots.view(viewName(uid, volume, id), await images.chainId(image.id ?? ""));
      if (mount === undefined || more.length > 0) throw new Error("the snapshot is not one mount");
      const { type = "", source = "", options = [] } = mount;
      await mountReadOnly(path, { type, source, options });
      return path;
    },
    async release(uid) {
      const found = await list(uid);
      if (found.length === 0) return;
      await unmountAll(folderOf(uid));
      for (const { volume, id } of found) await snapshots.remove(viewName(uid, volume, id));
    },
    async mounted() {
      const found = await Promise.all((await entries(pods)).map(list));
      return new Set(found.flat().map(({ id }) => `sha256:${id}`));
    },
  };
}

/**
 * The folder `subPath` of a mounted image. Throws an Error when there is none, when it is no folder, and when it leads
 * out of the image, as a symbolic link to an absolute path does.
 */
export async function imageSubPath(root: string, subPath: string): Promise<string> {
  const fail = (why: string): never => {
    throw new Error(`failed to ensure image subpath "${subPath}" in "${root}": ${why}`);
  };
  const base = await realpath(root);
  const path = await realpath(join(base, subPath)).catch((error: NodeJS.ErrnoException) =>
    fail(`openat ${subPath}: ${error.code === "ENOENT" ? "no such file or directory" : error.message}`),
  );
  if (path !== base && !path.startsWith(base + sep)) fail(`openat ${subPath}: path escapes from parent`);
  if (!(await stat(path)).isDirectory()) fail(`only directory subpath is supported, subpath: "${subPath}"`);
  return path;
}

async function entries(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
}
