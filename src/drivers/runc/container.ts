/** One container on the host's runc: made, started, asked for its state, ended. */
import { readdir, readFile, rm, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { readFileIfPresent } from "../../lib/atomic-file.ts";
import { systemClock } from "../../lib/clock.ts";
import type { CgroupVersion } from "./bundle.ts";
import { type CommandResult, command, tryCommand } from "./run-command.ts";

/** runc's own folder of states, apart from that of other users of runc; gone after a restart of the host. */
const stateFolder = "/run/mini/runc";
const POLL_MS = 20;

export type ContainerStatus = "created" | "running" | "paused" | "stopped";

export interface ContainerState {
  readonly status: ContainerStatus;
  /** Of process 1 as the host sees it; 0 when stopped. */
  readonly pid: number;
}

function runc(args: readonly string[]): readonly string[] {
  return ["--root", stateFolder, ...args];
}

/** Undefined where there is no such container. To those who are not root a container that only waits to be started runs. */
export async function containerState(name: string): Promise<ContainerState | undefined> {
  // runc's folder is root's; the control groups may be read by everybody.
  if (process.geteuid?.() !== 0) return await stateOfGroups(name);
  // runc is not asked: a folder is quicker.
  const text = await readFileIfPresent(join(stateFolder, name, "state.json"));
  if (text === undefined) return undefined;
  const { exitCode, stdout } = await tryCommand("runc", runc(["state", name]));
  return exitCode === 0 ? (JSON.parse(stdout) as ContainerState) : { status: "stopped", pid: 0 };
}

/** What a container's control groups tell: whether it has processes, and whether these are frozen. */
async function stateOfGroups(name: string): Promise<ContainerState | undefined> {
  const read = (...path: string[]): Promise<string | undefined> =>
    readFile(join("/sys/fs/cgroup", ...path), "utf8").catch(() => undefined);
  if ((await cgroupVersion()) === 2) {
    const events = await read("mini", name, "cgroup.events");
    if (events === undefined) return undefined;
    if (!events.includes("populated 1")) return { status: "stopped", pid: 0 };
    return { status: events.includes("frozen 1") ? "paused" : "running", pid: 0 };
  }
  // Counts those of the groups below, too.
  const processes = await read("pids", "mini", name, "pids.current");
  if (processes === undefined) return undefined;
  if (Number(processes) === 0) return { status: "stopped", pid: 0 };
  const frozen = (await read("freezer", "mini", name, "freezer.state"))?.trim() === "FROZEN";
  return { status: frozen ? "paused" : "running", pid: 0 };
}

/** Makes the container, its process 1 waiting; resolves with the process id. `output` takes what it prints. */
export async function createContainer(name: string, bundle: string, output: number): Promise<number> {
  const pidFile = join(bundle, "pid");
  const { exitCode } = await tryCommand("runc", runc(["create", "--bundle", bundle, "--pid-file", pidFile, name]), {
    output,
  });
  if (exitCode !== 0) throw new Error(`runc could not make the container ${name}; its words are in the console log`);
  return Number(await readFile(pidFile, "utf8"));
}

export async function startContainer(name: string): Promise<void> {
  await command("runc", runc(["start", name]));
}

/** Nothing happens to a container that is not paused. */
export async function resumeContainer(name: string): Promise<void> {
  if ((await containerState(name))?.status === "paused") await command("runc", runc(["resume", name]));
}

/** Runs a command beside process 1, as root, in /. */
export async function execInContainer(
  name: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<CommandResult> {
  const environment = ["--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/mini/bin"];
  return await tryCommand("runc", runc(["exec", "--cwd", "/", ...environment, name, ...args]), { signal });
}

/**
 * Asks init for an orderly shutdown (SIGUSR2 to busybox init) and, after `graceMs`, kills all processes. The container
 * stays, stopped. Nothing happens where there is none.
 */
export async function stopContainer(name: string, graceMs: number, signal: AbortSignal): Promise<void> {
  const state = await containerState(name);
  if (state === undefined || state.pid === 0 || state.status === "stopped") return;
  if (graceMs > 0 && state.status === "running") {
    await tryCommand("runc", runc(["kill", name, "USR2"]));
    if (await ended(state.pid, graceMs, signal)) return;
  }
  await tryCommand("runc", runc(["kill", "--all", name, "KILL"]));
  await ended(state.pid, 5_000, signal);
}

async function ended(pid: number, withinMs: number, signal: AbortSignal): Promise<boolean> {
  const deadline = systemClock.now() + withinMs;
  while (await isAlive(pid)) {
    if (systemClock.now() > deadline) return false;
    await systemClock.sleep(POLL_MS, signal);
  }
  return true;
}

/** A zombie counts as dead: nobody may be there to reap it. */
async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return text !== undefined && !/\) [ZX] /.test(text);
}

/** Removes the container with its cgroups; kills it first where it runs. */
export async function deleteContainer(name: string): Promise<void> {
  const folder = join(stateFolder, name);
  if ((await stat(folder).catch(() => undefined)) !== undefined) {
    await tryCommand("runc", runc(["delete", "--force", name]));
    // A `runc create` that was killed leaves a folder that is no container to runc, and in the way of the next.
    if ((await containerState(name)) === undefined) await rm(folder, { recursive: true, force: true });
  }
  await removeCgroups(name);
}

/** runc removes the groups that it made; those that the node made below them may be left. */
async function removeCgroups(name: string): Promise<void> {
  const hierarchies = (await cgroupVersion()) === 2 ? [""] : await readdir("/sys/fs/cgroup");
  for (const hierarchy of hierarchies) {
    const parent = join("/sys/fs/cgroup", hierarchy, "mini");
    await removeGroup(join(parent, name));
    // Shared by all machines: it stays while it has other groups.
    await rmdir(parent).catch(() => undefined);
  }
}

async function removeGroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) return;
  for (const entry of entries) if (entry.isDirectory()) await removeGroup(join(path, entry.name));
  for (let tries = 0; tries < 50; tries++) {
    const failure = await rmdir(path).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    if (failure !== "EBUSY") return;
    await systemClock.sleep(POLL_MS);
  }
}

export async function cgroupVersion(): Promise<CgroupVersion> {
  const unified = await stat("/sys/fs/cgroup/cgroup.controllers").catch(() => undefined);
  return unified === undefined ? 1 : 2;
}
