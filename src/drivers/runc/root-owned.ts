/**
 * Where root keeps what is its own. The folder of a machine is a person's where one called sudo, who may exchange what
 * lies there for a link at any moment: root makes, mounts and removes nothing in it. Where mini is root's alone, root
 * works in the machine's folder.
 */
import { chmod, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MachineSpec } from "../driver.ts";
import { hostName } from "../host-name.ts";

const folder = "/var/lib/mini";

/** One file a machine, so that its existence outlives a restart of the host. Everybody may look, for `mini status`. */
export const registryFolder = join(folder, "runc");
/** Where the images of people's machines are mounted. */
export const sharedImageMounts = join(folder, "images");

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

let person: Owner | undefined;

/** From here on this process, which is root, makes machines for that person. */
export function workFor(owner: Owner): void {
  person = owner;
}

/** Whom the machines belong to. */
export function machineOwner(): Owner {
  return person ?? { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

const isRootsAlone = (): boolean => machineOwner().uid === 0;

/** The folder of a machine's data, mounts and console. */
export function machineRoot(machine: Pick<MachineSpec, "name" | "hostName" | "folder">): string {
  return isRootsAlone() ? machine.folder : join(folder, "machines", hostName(machine));
}

/** The folder below which an image is mounted: its own, or one that is root's. */
export function imageMounts(image: string): string {
  return isRootsAlone() ? dirname(image) : sharedImageMounts;
}

/** Makes the registry and, for a person's machine, its folder: to be entered by that person and listed by root alone. */
export async function makeRootFolders(machine: Pick<MachineSpec, "name" | "hostName" | "folder">): Promise<void> {
  await makeOpenFolder(folder, 0o755);
  await makeOpenFolder(registryFolder, 0o755);
  if (isRootsAlone()) return;
  await makeOpenFolder(join(folder, "machines"), 0o711);
  await makeOpenFolder(machineRoot(machine), 0o711);
}

/** With that mode whatever root's umask is. */
async function makeOpenFolder(path: string, mode: number): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, mode);
}
