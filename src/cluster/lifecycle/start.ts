/**
 * `mini start`: from whatever state a profile is in to a cluster that answers. Whatever a failing or interrupted start
 * has made is undone: a new profile disappears wholly, the machines of an old one that it booted are stopped again with
 * their data kept.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Driver, DriverName, MachineSpec } from "../../drivers/driver.ts";
import { allEnded } from "../../lib/all-ended.ts";
import { systemClock } from "../../lib/clock.ts";
import { waitForLock } from "../../lib/lock-file.ts";
import { tidyCache, useCache } from "../cache.ts";
import { adminEntry, handOverCertificates } from "../certificate-renewal.ts";
import { MiniError, toMiniError } from "../errors.ts";
import { cacheFolder, miniHome } from "../home.ts";
import { removeContext, writeContext } from "../kubeconfig.ts";
import { machineSpec, planNodes } from "../machine.ts";
import { type NodeImage, nodeImageIsCached, provideNodeImage } from "../node-image.ts";
import { keepLogs } from "../node-logs.ts";
import { ensurePki } from "../pki.ts";
import {
  controlPlane,
  type ExtraConfig,
  findProfile,
  listProfiles,
  lockProfile,
  type Profile,
  type ProfileNode,
  removeProfileFolder,
  saveProfile,
} from "../profile.ts";
import type { Progress } from "../progress.ts";
import {
  isExcepted,
  isOnLoopback,
  noProxies,
  proxyEnvironment,
  readProxies,
  redactProxies,
  redactProxy,
  usesProxy,
} from "../proxies.ts";
import { type WaitComponent, waitFor } from "../readiness.ts";
import { readResolver } from "../resolver.ts";
import { writeSeed } from "../seed.ts";
import { forgetStop, observeNodes, stopMachine } from "./machine-states.ts";
import { noImage } from "./machines.ts";
import { planStart, type StartPlan } from "./plan.ts";
import { UndoList } from "./undo-list.ts";
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
  readonly certificateLifeMs: number | undefined;
  readonly deleteOnFailure: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface StartResult {
  readonly profile: Profile;
  /** False when it was a dry run. */
  readonly started: boolean;
}

const stopGraceMs = 5000;
/** Of a running cluster that is restarted, or of a stop that somebody else began: as long as `mini stop` gives. */
const restartGraceMs = 90_000;

/**
 * Looks at what there is before it does anything: machines that run as they should are left alone, those that do not
 * run are booted, and a cluster that is to change is restarted as a whole.
 */
export async function startCluster(options: StartOptions): Promise<StartResult> {
  await using _lock = await lockProfile(options.profile);
  const existing = await findProfile(options.profile);
  await mkdir(miniHome(), { recursive: true, mode: 0o700 });
  const plan = await planStart(options, existing);
  if (options.dryRun) return { profile: plan.draft, started: false };
  const undo = new UndoList();
  const start: Start = { driver: plan.driver, existing, undo, options };
  let profile = plan.draft;
  try {
    await settle(start, plan);
    profile = await provideProfile(start, plan);
    showProxies(profile, options.progress);
    const renewed = await ensurePki(profile);
    options.signal.throwIfAborted();
    await bringUp(start, profile, renewed);
    await configureClient(profile, options, undo, existing === undefined);
    await tidyCache([], options.progress);
    options.progress.step("Done", doneMessage(profile, options));
    return { profile, started: true };
  } catch (error) {
    const failure = options.signal.aborted ? new MiniError("MK_INTERRUPTED", "interrupted") : toMiniError(error);
    // Beyond the profile itself.
    if (!options.signal.aborted && undo.size > 1) await explainWithLogs(profile, options.progress);
    if (undo.size > 0) options.progress.info("Undoing what had been begun ...");
    const leftovers = await undo.run();
    if (options.deleteOnFailure && existing !== undefined) await removeAll(plan.driver, profile);
    for (const leftover of leftovers) options.progress.warning(leftover);
    throw failure;
  }
}

interface Start {
  readonly driver: Driver;
  /** Undefined for a new one. */
  readonly existing: Profile | undefined;
  readonly undo: UndoList;
  readonly options: StartOptions;
}

/**
 * Brings machines from where somebody left them to where they either run or do not: stops that were begun are waited
 * for, paused machines go on, and all are stopped that have to be restarted.
 */
async function settle({ driver, options }: Start, { draft, nodes, restartFor }: StartPlan): Promise<void> {
  const { progress, signal } = options;
  const machine = (node: ProfileNode): MachineSpec => machineSpec(draft, node, noImage());
  const stop = (node: ProfileNode) => stopMachine(driver, machine(node), { signal, graceMs: restartGraceMs });
  for (const { node } of nodes.filter(({ state }) => state === "Stopping")) {
    progress.info(`${node.name} is being stopped; waiting for that first`);
    await stop(node);
  }
  if (restartFor.length > 0) {
    progress.step("Updating Driver", `Restarting "${draft.name}" to ${restartFor.join(", and to ")} ...`);
    // Workers first, so that the control plane sees them go.
    for (const { node } of [...nodes].reverse()) await stop(node);
    return;
  }
  for (const { node } of nodes.filter(({ state }) => state === "Paused")) {
    progress.info(`${node.name} is paused; it goes on`);
    await driver.resume(machine(node), { signal });
  }
}

/**
 * Written only once no machine runs with other settings. Where a start fails, an old profile gets its settings back:
 * they are what it worked with.
 */
async function provideProfile({ driver, existing, undo, options }: Start, { draft }: StartPlan): Promise<Profile> {
  if (existing === undefined) {
    undo.add("profile", () => removeProfileFolder(draft.name));
    return await allocate(driver, draft, options.signal);
  }
  if (!isDeepStrictEqual(draft, existing)) {
    undo.add("profile", () => saveProfile(existing));
    await saveProfile(draft);
  }
  return draft;
}

/** As minikube's scripts look for it. */
function showProxies(profile: Profile, progress: Progress): void {
  const { proxies } = readProxies(process.env);
  const used = profile.proxies ?? noProxies;
  if (usesProxy(used)) {
    progress.info("Found network options:");
    for (const line of proxyEnvironment(redactProxies(used))) progress.info(line);
  }
  for (const value of new Set([used.http, used.https].filter(isOnLoopback))) {
    const shown = redactProxy(value);
    progress.warning(
      `The proxy ${shown} is on this machine's loopback; the nodes ask for it at ${profile.network.gateway}`,
    );
  }
  const { address } = controlPlane(profile);
  if (!usesProxy(proxies) || isExcepted(address, proxies.except)) return;
  progress.warning(
    `You appear to be using a proxy, but your NO_PROXY environment does not include the mini IP (${address}). ` +
      `mini kubectl goes around the proxy; for other clients: export NO_PROXY=$NO_PROXY,${profile.network.subnet}`,
  );
}

/** Boots what does not run and waits for the cluster; once more where a machine ended that had been found running. */
async function bringUp(start: Start, profile: Profile, renewed: ReadonlySet<string>): Promise<void> {
  const { driver, existing, options } = start;
  // A machine of the same name may run for somebody else: making it says so.
  if (existing === undefined) return await boot(start, profile, profile.nodes);
  const stopped = async (): Promise<ProfileNode[]> =>
    (await observeNodes(driver, profile)).filter(({ state }) => state !== "Running").map(({ node }) => node);
  const down = await stopped();
  if (down.length > 0) return await boot(start, profile, down);
  const kind = driver.name === "runc" ? "container" : "VM";
  options.progress.step("Updating Driver", `Updating the running ${driver.name} "${profile.name}" ${kind} ...`);
  if (renewed.size > 0) await handOverCertificates(profile, renewed, options.progress);
  try {
    await verify(start, profile, undefined);
    options.progress.info("The running cluster does not require reconfiguration");
  } catch (error) {
    options.signal.throwIfAborted();
    // Somebody may have shut it down from within, or pressed the button, just before.
    const ended = await stopped();
    if (ended.length === 0) throw adviseRestart(error, profile);
    options.progress.info(`${ended.map(({ name }) => name).join(", ")} was shutting down, and is started again`);
    await boot(start, profile, ended);
  }
}

async function boot(start: Start, profile: Profile, nodes: readonly ProfileNode[]): Promise<void> {
  const image = await provideImage(start, profile);
  const bootedAt = systemClock.now();
  await bootMachines(start, { profile, image, nodes });
  await verify(start, profile, bootedAt);
}

function adviseRestart(error: unknown, { name }: Profile): unknown {
  if (!(error instanceof MiniError) || !error.id.startsWith("K8S_")) return error;
  const advice = `mini logs -p ${name}; or restart it, which keeps all data: mini stop -p ${name}, then mini start -p ${name}`;
  return new MiniError(error.id, `the cluster runs, but ${error.message}`, { advice, cause: error });
}

async function provideImage({ driver, existing, options }: Start, profile: Profile): Promise<NodeImage> {
  const { progress, signal } = options;
  if (!(await nodeImageIsCached())) progress.step("Downloading Artifacts", "Unpacking the node image ...");
  await mkdir(cacheFolder(), { recursive: true, mode: 0o755 });
  const image = await useCache(profile.name, async () => {
    const value = await provideNodeImage();
    const own = (await driver.cacheFiles?.(machineSpec(profile, controlPlane(profile), value))) ?? [];
    const files = [value.kernel, value.initrd, value.root, ...own];
    // Machines that run go on with what they were started from.
    return { value, files, keepNoted: existing !== undefined && !(await allStopped(driver, existing)) };
  });
  signal.throwIfAborted();
  return image;
}

async function allStopped(driver: Driver, profile: Profile): Promise<boolean> {
  const nodes = await observeNodes(driver, profile);
  return nodes.every(({ state }) => state === "Stopped" || state === "Nonexistent");
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
  readonly profile: Profile;
  readonly image: NodeImage;
  /** Those that do not run. */
  readonly nodes: readonly ProfileNode[];
}

/** Machines are made one after the other, since they share a network, and boot side by side. */
async function bootMachines(start: Start, { profile, image, nodes }: Boot): Promise<void> {
  const { driver, existing, undo, options } = start;
  const { progress, signal } = options;
  const quiet = { signal: new AbortController().signal };
  progress.step(
    "Starting Node",
    `Starting "${profile.name}" with ${profile.nodes.length} node(s) in "${profile.name}" cluster`,
  );
  const resolver = await readResolver(profile);
  if (resolver.warning !== undefined) progress.warning(resolver.warning);
  for (const node of nodes) {
    const machine = machineSpec(profile, node, image);
    await mkdir(machine.folder, { recursive: true, mode: 0o700 });
    await writeSeed(profile, node, resolver);
    // What is there without a profile is somebody else's, or what a crash left: create tells them apart.
    const isMissing = existing === undefined || (await driver.state(machine)) === "Nonexistent";
    if (existing === undefined) undo.add(node.name, () => driver.remove(machine, quiet));
    else undo.add(node.name, () => stopMachine(driver, machine, { ...quiet, graceMs: stopGraceMs }));
    if (node.role === "control-plane") {
      const step = driver.name === "runc" ? "Creating Container" : "Creating VM";
      progress.step(step, creating(driver.name, profile));
    }
    if (isMissing) await driver.create(machine, { signal });
    signal.throwIfAborted();
  }
  const entersHostNetwork = resolver.throughHost.length > 0;
  await allEnded(
    nodes.map(async (node) => {
      await forgetStop(profile.name, node.name);
      await driver.start({ ...machineSpec(profile, node, image), entersHostNetwork }, { signal });
    }),
  );
}

function creating(driver: DriverName, { cpus, memoryMiB, diskMiB }: Profile): string {
  const sizes = `CPUs=${cpus}, Memory=${memoryMiB}MB, Disk=${diskMiB}MB`;
  return driver === "runc" ? `Creating container (${sizes}) ...` : `Creating ${driver} VM (${sizes}) ...`;
}

/**
 * Waits for the cluster, and ends early when a machine dies instead of waiting for the time-out. `bootedAt`: undefined
 * where nothing was booted.
 */
async function verify({ driver, options }: Start, profile: Profile, bootedAt: number | undefined): Promise<void> {
  const { wait, waitTimeoutMs, progress, signal } = options;
  if (wait.length === 0) return;
  if (bootedAt !== undefined) progress.step("Booting control plane", "Booting the node and its control plane ...");
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const machines = profile.nodes.map((node) => machineSpec(profile, node, noImage()));
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
  await writeContext(await adminEntry(profile), { current: !options.keepContext });
  options.signal.throwIfAborted();
}

function doneMessage(profile: Profile, { keepContext }: StartOptions): string {
  if (keepContext) return `To connect to this cluster, use:  kubectl --context=${profile.name}`;
  return `Done! kubectl is now configured to use "${profile.name}" cluster and "default" namespace by default`;
}

async function removeAll(driver: Driver, profile: Profile): Promise<void> {
  const { signal } = new AbortController();
  for (const node of profile.nodes) await driver.remove(machineSpec(profile, node, noImage()), { signal });
  await removeProfileFolder(profile.name);
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
