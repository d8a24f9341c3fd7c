/**
 * Sub-paths of volumes: what one leads to is found by descriptors and mounted from its descriptor to a place of the
 * kubelet's own, `volume-subpaths/VOLUME/CONTAINER/INDEX` in the pod's folder (upstream's layout), which is what the
 * runtime gets. A container that exchanges folders and links while another starts can only ever give away its volume.
 */
import { execFile } from "node:child_process";
import { type FileHandle, lstat, mkdir, realpath, rmdir, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { openBeneath, pathForChild } from "../../lib/beneath.ts";
import { isMounted, unmountAll } from "./mount-commands.ts";

const run = promisify(execFile);

export interface SubPath {
  /** Folder of the pod. */
  readonly folder: string;
  readonly volume: string;
  /** Where the volume is. */
  readonly root: string;
  /** Relative, without `..`. */
  readonly path: string;
  readonly container: string;
  /** Of the mount among the container's. */
  readonly index: number;
}

/** Makes the folder where it is missing. The path that the container is given. Throws where it leads out of the volume. */
export async function mountSubPath(subPath: SubPath): Promise<string> {
  const source = await openBeneath(await realpath(subPath.root), subPath.path, { create: true });
  try {
    const target = join(subPath.folder, "volume-subpaths", subPath.volume, subPath.container, String(subPath.index));
    if (await isSame(source, target)) {
      // The container starts again; without a mount, that is a volume which lies where its sub-paths do.
      if (await isMounted(target)) return target;
    }
    await makeTarget(target, (await source.stat()).isDirectory());
    await bind(source, target);
    return target;
  } finally {
    await source.close();
  }
}

async function isSame(source: FileHandle, target: string): Promise<boolean> {
  const [wanted, found] = await Promise.all([source.stat(), stat(target).catch(() => undefined)]);
  return found !== undefined && found.dev === wanted.dev && found.ino === wanted.ino;
}

/** A folder for a folder, and a file for whatever else; what another container start has left there is taken away. */
async function makeTarget(target: string, folder: boolean): Promise<void> {
  await unmountAll(target);
  await mkdir(dirname(target), { recursive: true, mode: 0o750 });
  const found = await lstat(target).catch(() => undefined);
  if (found !== undefined && found.isDirectory() === folder) return;
  if (found !== undefined) await (found.isDirectory() ? rmdir(target) : unlink(target));
  if (folder) await mkdir(target, { mode: 0o750 });
  else await writeFile(target, "", { mode: 0o640 });
}

async function bind(source: FileHandle, target: string): Promise<void> {
  const options = (await resolvesSources()) ? ["--no-canonicalize"] : [];
  await run("mount", [...options, "-o", "bind", pathForChild(source), target]);
  if (await isSame(source, target)) return;
  await unmountAll(target);
  throw new Error(`what was mounted at ${target} is not what was to be`);
}

let resolving: Promise<boolean> | undefined;

/** Whether mount(8) makes names of what it is given, unless told not to: util-linux's does, which knows `--version`. */
function resolvesSources(): Promise<boolean> {
  resolving ??= run("mount", ["--version"]).then(
    () => true,
    () => false,
  );
  return resolving;
}
