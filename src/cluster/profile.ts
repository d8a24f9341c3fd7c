/** A profile: what one cluster is made of, kept as config.json in its folder. */
import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DriverName } from "../drivers/driver.ts";
import { readFileIfPresent, writeFileAtomically } from "../lib/atomic-file.ts";
import { type FileLock, LockedError, lockFile } from "../lib/lock-file.ts";
import { MiniError } from "./errors.ts";
import { miniHome, profileFolder, profilesFolder } from "./home.ts";
import { parseProfile } from "./parse-profile.ts";
import type { Proxies } from "./proxies.ts";
import type { Registries } from "./registries.ts";

export interface ProfileNode {
  /** Name of the Kubernetes node and of the machine: `mini`, `mini-m02`. */
  readonly name: string;
  /** Name of the machine on the host: `mini.ada`. Left out where it is the same: for root, and by older versions. */
  readonly hostName?: string | undefined;
  readonly role: "control-plane" | "worker";
  /** Without prefix. */
  readonly address: string;
  readonly macAddress: string;
}

export type ExtraConfig = Readonly<Record<string, Readonly<Record<string, string>>>>;

export interface Profile {
  readonly version: 1;
  readonly name: string;
  readonly driver: DriverName;
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly diskMiB: number;
  readonly apiServerPort: number;
  readonly network: { readonly subnet: string; readonly gateway: string };
  readonly extraConfig: ExtraConfig;
  /** The text of apiserver.audit-policy-file, where that was a file of the host. */
  readonly auditPolicy?: string | undefined;
  /** Left out in profiles that older versions made. */
  readonly registries?: Registries | undefined;
  /** Left out where there are none. Passwords may be in it. */
  readonly proxies?: Proxies | undefined;
  readonly embedCerts: boolean;
  /** How long certificates are good for, in milliseconds; the authority outlives them. Left out: three years. */
  readonly certificateLifeMs?: number | undefined;
  /** Control plane first. */
  readonly nodes: readonly ProfileNode[];
  /** RFC 3339. */
  readonly createdAt: string;
}

export const defaultProfileName = "mini";

/** Throws MK_USAGE: names become names of hosts, domains and folders, so they are DNS labels of up to 40 characters. */
export function checkProfileName(name: string): void {
  if (isProfileName(name)) return;
  const message = `"${name}" cannot be a profile name: use 1 to 40 of a-z, 0-9 and -, with no - at either end`;
  throw new MiniError("MK_USAGE", message);
}

export function isProfileName(name: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(name);
}

/** The profile, or undefined when there is none. Throws HOST_CONFIG_LOAD when its file is not a profile, or alone is missing. */
export async function findProfile(name: string): Promise<Profile | undefined> {
  checkProfileName(name);
  const path = configPath(name);
  const text = await readFileIfPresent(path);
  if (text === undefined && !(await holdsMore(profileFolder(name)))) return undefined;
  try {
    if (text === undefined) throw new Error("it is missing, and the rest of the profile is there");
    return parseProfile(JSON.parse(text), name);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    const advice = `mini delete -p ${name}, then mini start -p ${name}`;
    throw new MiniError("HOST_CONFIG_LOAD", `${path} is not a valid profile: ${detail}`, { advice, cause: error });
  }
}

/**
 * Whether a profile's folder has what comes after the profile itself: machines or keys. A start that was killed before
 * leaves at most notes and temporary files.
 */
async function holdsMore(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return entries.some((entry) => entry.isDirectory());
}

/** As findProfile; throws GUEST_NOT_FOUND when there is none. */
export async function loadProfile(name: string): Promise<Profile> {
  const profile = await findProfile(name);
  if (profile !== undefined) return profile;
  throw new MiniError("GUEST_NOT_FOUND", `Profile "${name}" not found. Run "mini profile list" to view all profiles.`, {
    advice: name === defaultProfileName ? "mini start" : `mini start -p ${name}`,
  });
}

export async function saveProfile(profile: Profile): Promise<void> {
  await writeFileAtomically(configPath(profile.name), `${JSON.stringify(profile, null, 2)}\n`);
}

/**
 * Removes the folder of a profile whose machines are gone. It gets another name first, so that nobody ever takes the rest
 * of one for a profile; what an interrupted removal left under that name goes too.
 */
export async function removeProfileFolder(name: string): Promise<void> {
  const removed = join(profilesFolder(), `.${name}.deleted`);
  await rm(removed, { recursive: true, force: true });
  await rename(profileFolder(name), removed).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await rm(removed, { recursive: true, force: true });
}

export interface ProfileList {
  readonly valid: readonly Profile[];
  /** Names of profiles whose file cannot be read. */
  readonly invalid: readonly string[];
}

export async function listProfiles(): Promise<ProfileList> {
  const folders = await readdir(profilesFolder(), { withFileTypes: true }).catch(() => []);
  // One with a dot is being deleted.
  const names = folders.filter((each) => each.isDirectory() && !each.name.startsWith(".")).map(({ name }) => name);
  const valid: Profile[] = [];
  const invalid: string[] = [];
  for (const name of names.sort()) {
    const profile = await findProfile(name).catch(() => "invalid" as const);
    if (profile === "invalid") invalid.push(name);
    else if (profile !== undefined) valid.push(profile);
  }
  return { valid, invalid };
}

/** One command at a time may change a profile. Throws MK_PROFILE_BUSY when another does. */
export async function lockProfile(name: string): Promise<FileLock> {
  checkProfileName(name);
  try {
    return await lockFile(join(miniHome(), "locks", `${name}.lock`));
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    const message = `another mini (process ${error.holder}) works on the profile "${name}"`;
    throw new MiniError("MK_PROFILE_BUSY", message, { cause: error });
  }
}

export function controlPlane(profile: Profile): ProfileNode {
  const [first] = profile.nodes;
  if (first === undefined) throw new MiniError("HOST_CONFIG_LOAD", `the profile "${profile.name}" has no nodes`);
  return first;
}

export function apiServerUrl(profile: Profile): string {
  return `https://${controlPlane(profile).address}:${profile.apiServerPort}`;
}

function configPath(name: string): string {
  return join(profileFolder(name), "config.json");
}
