/**
 * Root file systems of runc machines, as in a virtual machine: the image's squashfs below, a layer in memory above. The
 * squashfs is mounted once for all machines that use the same image.
 */
import { mkdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { waitForLock } from "../../lib/lock-file.ts";
import type { MachineSpec } from "../driver.ts";
import { imageMounts, machineRoot, sharedImageMounts } from "./root-owned.ts";
import { command, tryCommand } from "./run-command.ts";

const lockTimeoutMs = 30_000;

type RootMachine = Pick<MachineSpec, "name" | "folder" | "image">;
type OwnMachine = Pick<MachineSpec, "name" | "folder">;

/**
 * Where an image's squashfs is mounted: beside the file where that is root's, by its device and inode, since a rebuilt
 * image takes the old one's name.
 */
async function imageMount({ image }: RootMachine): Promise<string> {
  const { dev, ino } = await stat(image.root);
  return join(imageMounts(image.root), `root-${dev}-${ino}`);
}

export function rootFolder(machine: OwnMachine): string {
  return join(machineRoot(machine), "bundle", "rootfs");
}

function layerFolder(machine: OwnMachine): string {
  return join(machineRoot(machine), "layer");
}

/** Idempotent. Throws DriverError when the kernel lacks squashfs, loop devices or overlayfs. */
export async function mountRoot(machine: RootMachine): Promise<void> {
  const [lower, layer, target] = [await imageMount(machine), layerFolder(machine), rootFolder(machine)];
  await unmountRoot(machine);
  // Machines of other profiles mount and release the same image at the same time.
  await using _lock = await waitForLock(`${lower}.lock`, lockTimeoutMs);
  await mkdir(layer, { recursive: true });
  await mkdir(target, { recursive: true });
  await command("mount", ["-t", "tmpfs", "-o", "mode=755", "mini-layer", layer]);
  await mkdir(join(layer, "upper"));
  await mkdir(join(layer, "work"));
  const options = `lowerdir=${escapeOption(lower)},upperdir=${escapeOption(join(layer, "upper"))},workdir=${escapeOption(join(layer, "work"))}`;
  const overlay = ["-t", "overlay", "-o", options, "mini-root", target];
  await mountImage(machine, lower);
  const { exitCode } = await tryCommand("mount", overlay);
  if (exitCode === 0) return;
  // Another machine's removal may have taken the image away in between.
  await mountImage(machine, lower);
  await command("mount", overlay);
}

async function mountImage({ image }: RootMachine, target: string): Promise<void> {
  if (await isMounted(target)) return;
  await mkdir(target, { recursive: true });
  await command("mount", ["-t", "squashfs", "-o", "loop,ro", image.root, target]);
}

/** Unmounts the machine's own layers; missing ones are fine. */
export async function unmountRoot(machine: RootMachine): Promise<void> {
  for (const path of [rootFolder(machine), layerFolder(machine)])
    while (await isMounted(path)) await command("umount", ["--lazy", path]);
}

/**
 * Unmounts the images of this cache on which no machine's overlay stands. All of them, since the machine may have been
 * started by a build of mini with another image than today's.
 */
export async function releaseImages({ image }: RootMachine): Promise<void> {
  const caches = [dirname(image.root), dirname(dirname(image.root)), sharedImageMounts];
  const all = await mounts();
  const unused = all.filter(
    ({ path }) =>
      /^root-[\d-]+$/.test(basename(path)) &&
      caches.some((cache) => path.startsWith(`${cache}/`)) &&
      !all.some(({ options }) => options.includes(`lowerdir=${path},`)),
  );
  for (const { path } of unused) {
    const { exitCode } = await tryCommand("umount", [path]);
    if (exitCode === 0) await rmdir(path);
  }
}

export async function removeRootFolders(machine: OwnMachine): Promise<void> {
  const folder = machineRoot(machine);
  await rm(join(folder, "bundle"), { recursive: true, force: true });
  await rm(join(folder, "layer"), { recursive: true, force: true });
}

/** Comma and colon separate things in overlay's options. */
function escapeOption(path: string): string {
  return path.replaceAll(/[\\,:]/g, (character) => `\\${character}`);
}

interface Mount {
  readonly path: string;
  readonly options: string;
}

async function mounts(): Promise<Mount[]> {
  const table = await readFile("/proc/self/mounts", "utf8");
  return table.split("\n").flatMap((line) => {
    const [, path, , options] = line.split(" ").map(unescapePath);
    return path === undefined || options === undefined ? [] : [{ path, options }];
  });
}

/** The kernel writes spaces in mount tables as octal numbers. */
function unescapePath(text: string): string {
  return text.replaceAll(/\\(\d{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

export async function isMounted(path: string): Promise<boolean> {
  return (await mounts()).some((mount) => mount.path === path);
}
