/** Where the launcher keeps things: $MINI_HOME, or ~/.mini. All paths are absolute: kubeconfigs, mounts and domains keep them. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";

export function miniHome(): string {
  return resolve(process.env["MINI_HOME"] || join(homedir(), ".mini"));
}

/** Shared by all profiles; can be removed at any time while no cluster runs. */
export function cacheFolder(): string {
  return join(miniHome(), "cache");
}

export function profilesFolder(): string {
  return join(miniHome(), "profiles");
}

export function profileFolder(profile: string): string {
  return join(profilesFolder(), profile);
}

/** What belongs to one machine: its disks, console log and seed. */
export function machineFolder(profile: string, node: string): string {
  return join(profileFolder(profile), "machines", node);
}
