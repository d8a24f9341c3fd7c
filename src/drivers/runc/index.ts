/**
 * The driver runc: a node is a privileged container with its own network namespace, straight on the host's runc, with
 * the same root file system and init as a virtual machine. Fed with a MachineSpec by src/cluster; makes mounts, bridge,
 * container and cgroups, and takes all of them away again. For CI without virtualisation, many nodes on one machine,
 * and quick tests.
 */
import { closeSync, fchownSync, openSync } from "node:fs";
import { mkdir, readFile, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { allEnded } from "../../lib/all-ended.ts";
import { readFileIfPresent, writeFileAtomically } from "../../lib/atomic-file.ts";
import { removeTree } from "../../lib/beneath.ts";
import type { CallOptions, Driver, ExecCapability, MachineSpec, MachineState } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { hostName } from "../host-name.ts";
import { machinePaths, ociConfig } from "./bundle.ts";
import { checkHost, requireRoot } from "./checks.ts";
import {
  cgroupVersion,
  containerState,
  createContainer,
  deleteContainer,
  execInContainer,
  resumeContainer,
  startContainer,
  stopContainer,
} from "./container.ts";
import { allocateSubnet, ensureNetwork, plug, releaseNetwork, unplug } from "./network.ts";
import { mountRoot, releaseImages, removeRootFolders, unmountRoot } from "./root-file-system.ts";
import { machineOwner, machineRoot, makeRootFolders, registryFolder } from "./root-owned.ts";

export function createRuncDriver(): Driver & ExecCapability {
  return {
    name: "runc",
    description: "privileged container on runc",
    check: checkHost,
    allocateNetwork: async (taken) => await allocateSubnet(taken),
    create,
    start,
    stop,
    resume: async (machine) => await resumeContainer(hostName(machine)),
    remove,
    state,
    consoleLog: async (machine) => await readFile(machinePaths(machine).console, "utf8").catch(() => ""),
    exec: async (machine, command, { signal }) => await execInContainer(hostName(machine), command, signal),
  };
}

async function create(machine: MachineSpec, options: CallOptions): Promise<void> {
  const { signal } = options;
  requireRoot("start", machine);
  await adopt(machine);
  try {
    signal.throwIfAborted();
    await makeRootFolders(machine);
    await writeFileAtomically(join(registryFolder, hostName(machine)), machine.folder, { mode: 0o644 });
    await mkdir(machinePaths(machine).data, { recursive: true, mode: 0o700 });
    await ensureNetwork(machine.network);
    signal.throwIfAborted();
  } catch (error) {
    await remove(machine);
    throw error;
  }
}

/** What a crashed run left of this machine is taken down; a machine of that name in another folder is a conflict. */
async function adopt(machine: MachineSpec): Promise<void> {
  if (await belongsElsewhere(machine)) {
    const folder = await registeredFolder(hostName(machine));
    throw new DriverError("GUEST_START", `a runc machine ${hostName(machine)} exists in ${folder}`, {
      advice: "Choose another profile name, or delete that one with its own MINI_HOME",
    });
  }
  await takeDown(machine);
}

/** Whether another MINI_HOME, which is still there, has a machine of that name. */
async function belongsElsewhere(machine: MachineSpec): Promise<boolean> {
  const registered = await registeredFolder(hostName(machine));
  if (registered === undefined || registered === machine.folder) return false;
  return (await stat(registered).catch(() => undefined)) !== undefined;
}

async function registeredFolder(name: string): Promise<string | undefined> {
  return await readFileIfPresent(join(registryFolder, name));
}

async function start(machine: MachineSpec, { signal }: CallOptions): Promise<void> {
  if ((await containerState(hostName(machine)))?.status === "running") return;
  requireRoot("start", machine);
  await takeDown(machine);
  try {
    signal.throwIfAborted();
    await allEnded([ensureNetwork(machine.network), mountRoot(machine)]);
    signal.throwIfAborted();
    const { bundle, console: consolePath } = machinePaths(machine);
    await writeFile(join(bundle, "config.json"), JSON.stringify(await ociConfig(machine, await cgroupVersion())));
    await writeFile(consolePath, "", { mode: 0o600 });
    const output = openSync(consolePath, "a");
    const { uid, gid } = machineOwner();
    fchownSync(output, uid, gid);
    const pid = await createContainer(hostName(machine), bundle, output).finally(() => closeSync(output));
    await plug(machine, pid);
    signal.throwIfAborted();
    await startContainer(hostName(machine));
    signal.throwIfAborted();
  } catch (error) {
    const said = await readFile(machinePaths(machine).console, "utf8").catch(() => "");
    await takeDown(machine);
    signal.throwIfAborted();
    if (error instanceof DriverError) throw error;
    const message = `${machine.name} cannot be started: ${error instanceof Error ? error.message : String(error)}: ${said.trim().slice(-500)}`;
    throw new DriverError("GUEST_START", message, { cause: error });
  }
}

async function stop(machine: MachineSpec, { signal, graceMs }: CallOptions & { graceMs: number }): Promise<void> {
  requireRoot("stop", machine);
  await stopContainer(hostName(machine), graceMs, signal);
  await takeDown(machine);
}

/** Removes all that start made; data stays. */
async function takeDown(machine: MachineSpec): Promise<void> {
  await deleteContainer(hostName(machine));
  await unplug(machine);
  await unmountRoot(machine);
}

async function remove(machine: MachineSpec): Promise<void> {
  if (await belongsElsewhere(machine)) return;
  if (process.getuid?.() !== 0 && (await state(machine)) === "Nonexistent") return;
  requireRoot("delete", machine);
  await takeDown(machine);
  await releaseImages(machine);
  await removeRootFolders(machine);
  const { data, console: consolePath } = machinePaths(machine);
  // What containers have left there may be deeper than a path can say.
  await removeTree(data);
  await rm(consolePath, { force: true });
  if (machineRoot(machine) !== machine.folder) await rmdir(machineRoot(machine)).catch(() => undefined);
  await rm(join(registryFolder, hostName(machine)), { force: true });
  await releaseNetwork(machine.network);
}

async function state(machine: Pick<MachineSpec, "name" | "hostName">): Promise<MachineState> {
  const name = hostName(machine);
  const folder = await registeredFolder(name);
  if (folder === undefined) return "Nonexistent";
  if ((await stat(folder).catch(() => undefined)) === undefined) return "Error";
  switch ((await containerState(name))?.status) {
    case "running":
      return "Running";
    case "created":
      return "Starting";
    case "paused":
      return "Paused";
    default:
      return "Stopped";
  }
}
