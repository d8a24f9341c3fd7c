/** Where the launcher keeps things: $MINI_HOME, or ~/.mini. All paths are absolute: kubeconfigs, mounts and domains keep them. */
import { type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { MiniError } from "./errors.ts";

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

/**
 * Keys and what a node is told lie here, so it must be this user's alone to write. Throws HOST_HOME_PERMISSION where it
 * belongs to somebody else or anybody may write to it. One that is not there yet is fine.
 */
export function checkHome(): void {
  const home = miniHome();
  const found = statIfPresent(home);
  if (found === undefined) return;
  if (!found.isDirectory()) throw refused(`${home} is not a folder`, "Set MINI_HOME to a folder");
  const own = process.geteuid?.() ?? 0;
  if (found.uid !== own) {
    const owner = found.uid === 0 ? "root" : `the user with the number ${found.uid}`;
    const advice =
      own === 0
        ? "Run mini as that user (with sudo, from that user's account, where root is needed), or set MINI_HOME"
        : `sudo chown -R "$(id -u):$(id -g)" ${home}, or set MINI_HOME`;
    throw refused(`${home} belongs to ${owner}, who could read and exchange the cluster's keys`, advice);
  }
  if ((found.mode & 0o002) !== 0) {
    throw refused(
      `anybody may write to ${home}, and so exchange the cluster's keys`,
      `chmod o-w ${home}, or set MINI_HOME`,
    );
  }
}

/** Whether MINI_HOME was given and is, or would be made, in a folder that is root's alone. */
export function isRootsHome(): boolean {
  if (!process.env["MINI_HOME"]) return false;
  let path = miniHome();
  let found = statIfPresent(path);
  while (found === undefined && dirname(path) !== path) {
    path = dirname(path);
    found = statIfPresent(path);
  }
  return found !== undefined && found.uid === 0 && (found.mode & 0o002) === 0;
}

function statIfPresent(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    // Below a file, or in a folder that may not be entered: what is done there will say so.
    return undefined;
  }
}

function refused(message: string, advice: string): MiniError {
  return new MiniError("HOST_HOME_PERMISSION", message, { advice });
}
