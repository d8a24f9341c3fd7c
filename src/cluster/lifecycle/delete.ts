/** `mini delete`: machines, network, disks, folder and context of a profile; works on half-made and corrupt ones too. */
import { readdir } from "node:fs/promises";
import { isIPv4 } from "node:net";
import type { Driver } from "../../drivers/driver.ts";
import { driverNames, loadDriver } from "../../drivers/index.ts";
import { tidyCache } from "../cache.ts";
import { MiniError, toMiniError } from "../errors.ts";
import { profilesFolder } from "../home.ts";
import { removeContext } from "../kubeconfig.ts";
import { machineSpec, planNodes } from "../machine.ts";
import { removeKeptLogs } from "../node-logs.ts";
import {
  findProfile,
  isProfileName,
  lockProfile,
  type Profile,
  type ProfileNode,
  removeProfileFolder,
} from "../profile.ts";
import { readSeedConfig } from "../seed.ts";
import { machinesOf, noImage } from "./machines.ts";

export interface DeleteOptions {
  readonly profile: string;
  readonly report: (message: string) => void;
  readonly signal: AbortSignal;
}

export interface DeleteResult {
  readonly profile: string;
  /** False when there was nothing. */
  readonly existed: boolean;
}

const maximumNodes = 50;

export async function deleteCluster({ profile: name, report, signal }: DeleteOptions): Promise<DeleteResult> {
  await using _lock = await lockProfile(name);
  const profile = await findProfile(name).catch((error: unknown) => {
    if (error instanceof MiniError && error.id === "HOST_CONFIG_LOAD") return "corrupt" as const;
    throw error;
  });
  let leftovers = 0;
  let ownFiles: readonly string[] | undefined;
  if (profile === "corrupt" || profile === undefined) {
    if (profile === "corrupt") report(`The profile "${name}" cannot be read; removing what it may have left`);
    leftovers = await removeByName(name, signal);
  } else if (profile !== undefined) {
    ownFiles = await removeMachines(profile, report, signal);
  }
  await removeProfileFolder(name);
  await removeContext(name);
  await removeKeptLogs(name);
  if (ownFiles !== undefined) await tidyCache(ownFiles, { info: report, warning: report });
  return { profile: name, existed: profile !== undefined || leftovers > 0 };
}

/** All profiles, readable or not, and what interrupted starts and deletes left of others. */
export async function deleteAll(options: Omit<DeleteOptions, "profile">): Promise<DeleteResult[]> {
  const folders = await readdir(profilesFolder()).catch(() => []);
  const names = folders.map((folder) => /^\.(.*)\.deleted$/.exec(folder)?.[1] ?? folder).filter(isProfileName);
  const results: DeleteResult[] = [];
  for (const profile of new Set(names.sort())) {
    options.signal.throwIfAborted();
    results.push(await deleteCluster({ ...options, profile }));
  }
  return results;
}

/** Answers the files of the cache that the next start with this executable will want. */
async function removeMachines(
  profile: Profile,
  report: (message: string) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { driver, all } = await machinesOf(profile);
  report(`Deleting "${profile.name}" in ${driver.name} ...`);
  const failures: MiniError[] = [];
  for (const machine of [...all].reverse()) {
    await driver.remove(machine, { signal }).catch((error: unknown) => failures.push(toMiniError(error)));
  }
  const [failure] = failures;
  if (failure?.id === "DRV_NEEDS_ROOT") throw failure;
  if (failure !== undefined) {
    const { message, advice } = failure;
    throw new MiniError("GUEST_DELETION", `"${profile.name}" could not be removed: ${message}`, {
      cause: failure,
      ...(advice === undefined ? {} : { advice }),
    });
  }
  const [machine] = all;
  if (machine === undefined) return [];
  // The executable may be gone; nothing of it is wanted then.
  const own = await driver.cacheFiles?.(machine).catch(() => []);
  return [machine.image.root, ...(own ?? [])];
}

/** Without a readable profile, machines of that name are looked for with every driver that answers. */
async function removeByName(name: string, signal: AbortSignal): Promise<number> {
  let removed = 0;
  // Older versions gave machines no user's name.
  const plans = [[], [""]].map(([user]) => planNodes(name, maximumNodes, "192.168.0.1", user));
  const network = await networkOfSeed(name);
  for (const driverName of driverNames) {
    const driver = await loadDriver(driverName);
    for (const nodes of plans) removed += await removeNodes(driver, name, { nodes, network, signal });
  }
  return removed;
}

/** Which network a profile had that cannot be read: its control plane was told at its last boot. */
async function networkOfSeed(name: string): Promise<Profile["network"]> {
  const gateway = (await readSeedConfig(name, name))?.network?.gateway;
  // Anything else would be a name for the host's tools.
  if (gateway === undefined || !isIPv4(gateway)) return { subnet: "192.168.0.0/24", gateway: "192.168.0.1" };
  return { subnet: gateway.replace(/\.\d+$/, ".0/24"), gateway };
}

/** Removes nodes up to the first that is not there. */
async function removeNodes(
  driver: Driver,
  name: string,
  { nodes, network, signal }: { nodes: readonly ProfileNode[]; network: Profile["network"]; signal: AbortSignal },
): Promise<number> {
  const bare: Profile = {
    ...{ version: 1, name, driver: driver.name, cpus: 1, memoryMiB: 1, diskMiB: 1, apiServerPort: 1 },
    ...{ network, extraConfig: {}, embedCerts: false },
    ...{ nodes, createdAt: "" },
  };
  let removed = 0;
  for (const machine of nodes.map((node) => machineSpec(bare, node, noImage()))) {
    const state = await driver.state(machine).catch(() => "Nonexistent" as const);
    if (state === "Nonexistent") break;
    await driver.remove(machine, { signal });
    if ((await driver.state(machine)) === "Nonexistent") removed++;
  }
  return removed;
}
