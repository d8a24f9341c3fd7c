/**
 * Root file systems of runc machines, as in a virtual machine: the image's squashfs below, a layer in memory above. The
 * squashfs is mounted once for all machines that use the same image.
 */
import { mkdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { waitForLock } from "../../lib/lock-file.ts";
import type { MachineSpec } from "../driver.ts";
import { command, tryCommand } from "./run-command.ts";

const lockTimeoutMs = 30_000;

type RootMachine = Pick<MachineSpec, "folder" | "image">;

/** Where an image's squashfs is mounted: beside the file, by its inode, since a rebuilt image takes the old one's name. */
async function imageMount({ image }: RootMachine): Promise<string> {
  const { ino } = await stat(image.root);
  return join(dirname(image.root), `root-${ino}`);
}

export function rootFolder({ folder }: Pick<MachineSpec, "folder">): string {
  return join(folder, "bundle", "rootfs");
}

function layerFolder({ folder }: Pick<MachineSpec, "folder">): string {
  return join(folder, "layer");
}

/** Idempotent. Throws DriverError when the kernel lacks squashfs, loop devices or overlayfs. */
export async function mountRoot(machine: RootMachine): Promise<void> {
  const [lower, layer, target] = [await imageMount(machine), layerFolder(machine), rootFolder(machine)];
  await unmountRoot(machine);
  // Machines of other profiles mount and release the same image at the same time.
  await using _lock = await waitForLock(`${lower}.lock`, lockTimeoutMs);
  if (!(await isMounted(lower))) {
    await mkdir(lower, { recursive: true });
    await command("mount", ["-t", "squashfs", "-o", "loop,ro", machine.image.root, lower]);
  }
  await mkdir(layer, { recursive: true });
  await mkdir(target, { recursive: true });
  await command("mount", ["-t", "tmpfs", "-o", "mode=755", "mini-layer", layer]);
  await mkdir(join(layer, "upper"));
  await mkdir(join(layer, "work"));
  const options = `lowerdir=${escapeOption(lower)},upperdir=${escapeOption(join(layer, "upper"))},workdir=${escapeOption(join(layer, "work"))}`;
  await command("mount", ["-t", "overlay", "-o", options, "mini-root", target]);
}

/** Unmounts the machine's own layers; missing ones are fine. */
export async function unmountRoot(machine: RootMachine): Promise<void> {
  for (const path of [rootFolder(machine), layerFolder(machine)])
    while (await isMounted(path)) await command("umount", ["--lazy", path]);
}

/** Unmounts the image's squashfs and removes its folder, unless another machine's overlay stands on it. */
export async function releaseImage(machine: RootMachine): Promise<void> {
  const lower = await imageMount(machine).catch(() => undefined);
  if (lower === undefined) return;
  await using _lock = await waitForLock(`${lower}.lock`, lockTimeoutMs);
  const users = (await mounts()).filter(({ options }) => options.includes(`lowerdir=${lower}`));
  if (users.length > 0 || !(await isMounted(lower))) return;
  const { exitCode } = await tryCommand("umount", [lower]);
  if (exitCode === 0) await rmdir(lower);
}

export async function removeRootFolders({ folder }: Pick<MachineSpec, "folder">): Promise<void> {
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
