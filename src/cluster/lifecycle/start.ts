/**
 * `mini start`: from nothing, or from a stopped profile, to a cluster that answers. Whatever a failing or interrupted
 * start has made is undone: a new profile disappears wholly, an old one is stopped again with its data kept.
 */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Driver, DriverName, MachineSpec } from "../../drivers/driver.ts";
import { loadDriver } from "../../drivers/index.ts";
import { allEnded } from "../../lib/all-ended.ts";
import { systemClock } from "../../lib/clock.ts";
import { waitForLock } from "../../lib/lock-file.ts";
import { apiServerUrl } from "../api-server.ts";
import { tidyCache, useCache } from "../cache.ts";
import { chooseDriver, type DriverChoice, parseDriver } from "../driver-choice.ts";
import { MiniError, toMiniError } from "../errors.ts";
import { cacheFolder, machineFolder, miniHome, profileFolder } from "../home.ts";
import { checkKubeconfig, removeContext, writeContext } from "../kubeconfig.ts";
import { checkSizes } from "../limits.ts";
import { machineSpec, planNodes } from "../machine.ts";
import { type NodeImage, nodeImageIsCached, provideNodeImage } from "../node-image.ts";
import { keepLogs } from "../node-logs.ts";
import { adminCredentials, ensurePki, pkiFolder } from "../pki.ts";
import {
  controlPlane,
  type ExtraConfig,
  findProfile,
  listProfiles,
  lockProfile,
  type Profile,
  saveProfile,
} from "../profile.ts";
import type { Progress } from "../progress.ts";
import { type WaitComponent, waitFor } from "../readiness.ts";
import { writeSeed } from "../seed.ts";
import { watchMachines } from "./watch-machines.ts";

export interface StartOptions {
  readonly profile: string;
  readonly driver: string | undefined;
  /** Undefined: as the profile has it, or the default. */
  readonly cpus: number | undefined;
  readonly memoryMiB: number | undefined;
  readonly diskMiB: number | undefined;
  readonly nodes: number | undefined;
  readonly apiServerPort: number | undefined;
  readonly extraConfig: ExtraConfig;
  readonly registryMirrors: readonly string[] | undefined;
  readonly insecureRegistries: readonly string[] | undefined;
  readonly wait: readonly WaitComponent[];
  readonly waitTimeoutMs: number;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly keepContext: boolean;
  readonly embedCerts: boolean | undefined;
  readonly deleteOnFailure: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface StartResult {
  readonly profile: Profile;
  /** False when it was a dry run. */
  readonly started: boolean;
}

export const defaults = { cpus: 2, memoryMiB: 2048, diskMiB: 20_000, apiServerPort: 8443, nodes: 1 } as const;
const stopGraceMs = 5000;

export async function startCluster(options: StartOptions): Promise<StartResult> {
  await using _lock = await lockProfile(options.profile);
  const existing = await findProfile(options.profile);
  const { driver, draft } = await prepare(options, existing);
  if (options.dryRun) return { profile: draft, started: false };
  let profile = draft;
  const undo = new UndoList();
  try {
    if (existing === undefined) {
      undo.add("profile", () => rm(profileFolder(draft.name), { recursive: true, force: true }));
    }
    const image = await provideImage(driver, draft, existing, options);
    if (existing === undefined) {
      profile = await allocate(driver, draft, options.signal);
    } else {
      await saveProfile(profile);
    }
    await ensurePki(profile);
    options.signal.throwIfAborted();
    const boot: Boot = { driver, profile, image, isNew: existing === undefined, undo, options };
    const bootedAt = await bootMachines(boot);
    await verify(boot, bootedAt);
    await configureClient(profile, options, undo, existing === undefined);
    await tidyCache([], options.progress);
    options.progress.step("Done", doneMessage(profile, options));
    return { profile, started: true };
  } catch (error) {
    const failure = options.signal.aborted ? new MiniError("MK_INTERRUPTED", "interrupted") : toMiniError(error);
    if (!options.signal.aborted && undo.began) await explainWithLogs(profile, options.progress);
    options.progress.info("Undoing what had been begun ...");
    const leftovers = await undo.run();
    if (options.deleteOnFailure && existing !== undefined) await removeAll(driver, profile);
    for (const leftover of leftovers) options.progress.warning(leftover);
    throw failure;
  }
}

/** Everything that can be refused before anything is made. */
async function prepare(
  options: StartOptions,
  existing: Profile | undefined,
): Promise<{ driver: Driver; draft: Profile }> {
  const { progress } = options;
  progress.step("Initial Mini Setup", `mini on Linux, profile "${options.profile}"`);
  await mkdir(miniHome(), { recursive: true, mode: 0o700 });
  await checkKubeconfig();
  const sizes = {
    cpus: options.cpus ?? existing?.cpus ?? defaults.cpus,
    memoryMiB: options.memoryMiB ?? existing?.memoryMiB ?? defaults.memoryMiB,
    diskMiB: options.diskMiB ?? existing?.diskMiB ?? defaults.diskMiB,
  };
  const apiServerPort = options.apiServerPort ?? existing?.apiServerPort ?? defaults.apiServerPort;
  const nodes = options.nodes ?? existing?.nodes.length ?? defaults.nodes;
  // Of an existing profile's processors only the driver can judge: there may be fewer than anybody may ask for.
  checkSizes({ ...sizes, cpus: options.cpus ?? defaults.cpus, nodes, apiServerPort }, options.force);
  const choice = await selectDriver(options, existing, sizes);
  progress.step("Selecting Driver", choice.reason);
  const limit = (await choice.driver.limitCpus?.(sizes.cpus)) ?? { cpus: sizes.cpus };
  if (limit.reason !== undefined) progress.warning(limit.reason);
  for (const check of choice.overridden) progress.warning(`--force goes over a failed check: ${check.message}`);
  const extraConfig = Object.keys(options.extraConfig).length > 0 ? options.extraConfig : (existing?.extraConfig ?? {});
  const draft: Profile = {
    version: 1,
    name: options.profile,
    driver: choice.driver.name,
    ...sizes,
    cpus: limit.cpus,
    apiServerPort,
    network: existing?.network ?? { subnet: "", gateway: "" },
    extraConfig,
    registries: {
      mirrors: options.registryMirrors ?? existing?.registries?.mirrors ?? [],
      insecure: options.insecureRegistries ?? existing?.registries?.insecure ?? [],
    },
    embedCerts: options.embedCerts ?? existing?.embedCerts ?? false,
    nodes: existing?.nodes ?? planNodes(options.profile, nodes, "0.0.0.1"),
    createdAt: existing?.createdAt ?? new Date().toISOString(),
  };
  if (existing !== undefined && options.nodes !== undefined && options.nodes !== existing.nodes.length) {
    const message = `the profile has ${existing.nodes.length} node(s); --nodes=${options.nodes} applies to a new one only`;
    throw new MiniError("MK_USAGE", message, { advice: "mini delete, then mini start" });
  }
  return { driver: choice.driver, draft };
}

async function selectDriver(
  options: StartOptions,
  existing: Profile | undefined,
  sizes: { cpus: number; memoryMiB: number; diskMiB: number },
): Promise<DriverChoice> {
  const needs = { ...sizes, folder: miniHome() };
  const { force } = options;
  if (existing === undefined) return chooseDriver({ wanted: options.driver, force, needs });
  requireSameDriver(existing, options.driver);
  const driver = await loadDriver(existing.driver);
  const running = (await driver.state(controlPlane(existing))) === "Running";
  const reason = `Using the ${driver.name} driver based on the existing profile`;
  // What runs already has its memory and processors.
  if (running) return { driver, reason, overridden: [] };
  return { ...(await chooseDriver({ wanted: existing.driver, force, needs })), reason };
}

function requireSameDriver(existing: Profile, wanted: string | undefined): void {
  if (wanted === undefined || wanted === "auto" || parseDriver(wanted) === existing.driver) return;
  const message = `The existing "${existing.name}" cluster was created using the "${existing.driver}" driver, which is not "${wanted}"`;
  const advice = `mini delete -p ${existing.name}, then start again; or --driver=${existing.driver}`;
  throw new MiniError("GUEST_DRIVER_MISMATCH", message, { advice });
}

async function provideImage(
  driver: Driver,
  draft: Profile,
  existing: Profile | undefined,
  { progress, signal }: StartOptions,
): Promise<NodeImage> {
  if (!(await nodeImageIsCached())) progress.step("Downloading Artifacts", "Unpacking the node image ...");
  await mkdir(cacheFolder(), { recursive: true, mode: 0o755 });
  const image = await useCache(draft.name, async () => {
    const value = await provideNodeImage();
    const own = (await driver.cacheFiles?.(machineSpec(draft, controlPlane(draft), value))) ?? [];
    const files = [value.kernel, value.initrd, value.root, ...own];
    // Machines that run go on with what they were started from.
    return { value, files, keepNoted: existing !== undefined && !(await allStopped(driver, existing)) };
  });
  signal.throwIfAborted();
  return image;
}

async function allStopped(driver: Driver, profile: Profile): Promise<boolean> {
  const states = await Promise.all(profile.nodes.map((node) => driver.state(node).catch(() => "Error")));
  return states.every((state) => state === "Stopped" || state === "Nonexistent");
}

/** One at a time on this machine, so that two new profiles do not pick the same subnet. */
async function allocate(driver: Driver, draft: Profile, signal: AbortSignal): Promise<Profile> {
  await using _lock = await waitForLock(join(miniHome(), "locks", "network"), 30_000);
  const taken = (await listProfiles()).valid.map((profile) => profile.network.subnet);
  const network = await driver.allocateNetwork(taken, { signal });
  const profile = { ...draft, network, nodes: planNodes(draft.name, draft.nodes.length, network.gateway) };
  await saveProfile(profile);
  return profile;
}

interface Boot {
  readonly driver: Driver;
  readonly profile: Profile;
  readonly image: NodeImage;
  readonly isNew: boolean;
  readonly undo: UndoList;
  readonly options: StartOptions;
}

/**
 * Machines are made one after the other, since they share a network, and boot side by side. Answers when they were
 * booted; undefined when all of them ran already.
 */
async function bootMachines({ driver, profile, image, isNew, undo, options }: Boot): Promise<number | undefined> {
  let bootedAt: number | undefined;
  const { progress, signal } = options;
  const quiet = { signal: new AbortController().signal };
  const kind = driver.name === "runc" ? "container" : "VM";
  progress.step(
    "Starting Node",
    `Starting "${profile.name}" with ${profile.nodes.length} node(s) in "${profile.name}" cluster`,
  );
  for (const node of profile.nodes) {
    const machine = machineSpec(profile, node, image);
    await mkdir(machine.folder, { recursive: true, mode: 0o700 });
    await writeSeed(profile, node);
    const before = await driver.state(machine);
    // A machine that runs without a profile is somebody else's, or what a crash left: create tells them apart.
    if (before === "Running" && !isNew) continue;
    bootedAt ??= systemClock.now();
    if (isNew) undo.add(node.name, () => driver.remove(machine, quiet));
    else undo.add(node.name, () => driver.stop(machine, { ...quiet, graceMs: stopGraceMs }));
    if (node.role === "control-plane") {
      progress.step(kind === "VM" ? "Creating VM" : "Creating Container", creating(driver.name, profile));
    }
    if (isNew || before === "Nonexistent") await driver.create(machine, { signal });
    signal.throwIfAborted();
  }
  await allEnded(profile.nodes.map((node) => startMachine(driver, machineSpec(profile, node, image), signal)));
  return bootedAt;
}

async function startMachine(driver: Driver, machine: MachineSpec, signal: AbortSignal): Promise<void> {
  if ((await driver.state(machine)) !== "Running") await driver.start(machine, { signal });
}

function creating(driver: DriverName, { cpus, memoryMiB, diskMiB }: Profile): string {
  const sizes = `CPUs=${cpus}, Memory=${memoryMiB}MB, Disk=${diskMiB}MB`;
  return driver === "runc" ? `Creating container (${sizes}) ...` : `Creating ${driver} VM (${sizes}) ...`;
}

/** Waits for the cluster, and ends early when a machine dies instead of waiting for the time-out. */
async function verify({ driver, profile, image, options }: Boot, bootedAt: number | undefined): Promise<void> {
  const { wait, waitTimeoutMs, progress, signal } = options;
  if (wait.length === 0) return;
  progress.step("Booting control plane", "Booting the node and its control plane ...");
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const machines = profile.nodes.map((node) => machineSpec(profile, node, image));
  const watching = watchMachines(driver, machines, either).catch((error: unknown) => ended.abort(error));
  try {
    const started = Date.now();
    await waitFor(profile, { components: ["apiserver"], timeoutMs: waitTimeoutMs, signal: either });
    progress.step("Verifying Kubernetes", "Verifying Kubernetes components ...");
    const timeoutMs = Math.max(1000, waitTimeoutMs - (Date.now() - started));
    await waitFor(profile, { components: wait, timeoutMs, bootedAt, signal: either });
  } finally {
    ended.abort();
    await watching;
  }
}

async function configureClient(profile: Profile, options: StartOptions, undo: UndoList, isNew: boolean): Promise<void> {
  if (isNew) undo.add("kubeconfig", () => removeContext(profile.name));
  const folder = pkiFolder(profile.name);
  const credentials = profile.embedCerts
    ? { embed: true as const, ...(await adminCredentials(profile.name)) }
    : {
        embed: false as const,
        ca: join(folder, "ca.crt"),
        certificate: join(folder, "admin.crt"),
        key: join(folder, "admin.key"),
      };
  await writeContext(
    { name: profile.name, server: apiServerUrl(profile), credentials },
    { current: !options.keepContext },
  );
  options.signal.throwIfAborted();
}

function doneMessage(profile: Profile, { keepContext }: StartOptions): string {
  if (keepContext) return `To connect to this cluster, use:  kubectl --context=${profile.name}`;
  return `Done! kubectl is now configured to use "${profile.name}" cluster and "default" namespace by default`;
}

async function removeAll(driver: Driver, profile: Profile): Promise<void> {
  const image: NodeImage = { kernel: "", initrd: "", root: "", binary: process.execPath };
  const { signal } = new AbortController();
  for (const node of profile.nodes) await driver.remove(machineSpec(profile, node, image), { signal });
  for (const node of profile.nodes) await rm(machineFolder(profile.name, node.name), { recursive: true, force: true });
  await rm(profileFolder(profile.name), { recursive: true, force: true });
  await removeContext(profile.name);
}

/** The machines are taken down next, and their logs with them. */
async function explainWithLogs(profile: Profile, progress: Progress): Promise<void> {
  try {
    progress.info(`The nodes' logs are kept in ${await keepLogs(profile)}`);
  } catch (error) {
    progress.warning(`The nodes' logs cannot be kept: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Steps that take back what has been made, run in reverse order; one that fails does not keep the others from running. */
class UndoList {
  readonly #steps: { what: string; undo: () => Promise<void> }[] = [];

  add(what: string, undo: () => Promise<void>): void {
    this.#steps.push({ what, undo });
  }

  /** Whether anything was made. */
  get began(): boolean {
    return this.#steps.length > 1;
  }

  /** Answers what could not be undone, one sentence each. */
  async run(): Promise<string[]> {
    const failures: string[] = [];
    for (const { what, undo } of this.#steps.reverse()) {
      try {
        await undo();
      } catch (error) {
        failures.push(`${what} could not be undone: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return failures;
  }
}
