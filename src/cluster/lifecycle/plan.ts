/**
 * What a start has to do, found out before it does anything: the profile as it is to be, from the flags and what there
 * is; what runs; and what a running cluster would have to be restarted for. Nothing is made or changed here.
 */
import { isDeepStrictEqual } from "node:util";
import type { Driver } from "../../drivers/driver.ts";
import { loadDriver } from "../../drivers/index.ts";
import { chooseDriver, type DriverChoice, parseDriver } from "../driver-choice.ts";
import { MiniError } from "../errors.ts";
import { readAuditPolicy } from "../extra-config.ts";
import { miniHome } from "../home.ts";
import { checkKubeconfig } from "../kubeconfig.ts";
import { checkSizes } from "../limits.ts";
import { planNodes } from "../machine.ts";
import type { Profile } from "../profile.ts";
import type { Progress } from "../progress.ts";
import { noProxies, readProxies } from "../proxies.ts";
import { noRegistries } from "../registries.ts";
import { readSeedConfig } from "../seed.ts";
import { type ObservedNode, observeNodes } from "./machine-states.ts";
import type { StartOptions } from "./start.ts";

export interface StartPlan {
  readonly driver: Driver;
  /** The profile as it is to be; its network is still to be found where it is new. */
  readonly draft: Profile;
  /** Empty for a new profile. */
  readonly nodes: readonly ObservedNode[];
  /** What of a running cluster would change, in words; only a restart of its machines changes it. */
  readonly restartFor: readonly string[];
}

const defaults = { cpus: 2, memoryMiB: 2048, diskMiB: 20_000, apiServerPort: 8443, nodes: 1 } as const;

const shortestCertificateLifeMs = 60_000;

type SizeField = "cpus" | "memoryMiB" | "diskMiB";
type Sizes = Readonly<Record<SizeField, number>>;

/** Throws for everything that can be refused before anything is made. */
export async function planStart(options: StartOptions, existing: Profile | undefined): Promise<StartPlan> {
  const { progress } = options;
  progress.step("Initial Mini Setup", `mini on Linux, profile "${options.profile}"`);
  await checkKubeconfig(options.profile);
  refuseOtherNodes(options, existing);
  const nodes = existing === undefined ? [] : await observeExisting(existing, options.driver);
  const runs = nodes.some(({ state }) => state === "Running" || state === "Paused");
  const sizes = existing === undefined ? newSizes(options) : keptSizes(options, existing, runs);
  const apiServerPort = options.apiServerPort ?? existing?.apiServerPort ?? defaults.apiServerPort;
  const count = options.nodes ?? existing?.nodes.length ?? defaults.nodes;
  // Of an existing profile's processors only the driver can judge: there may be fewer than anybody may ask for.
  checkSizes({ ...sizes, cpus: options.cpus ?? defaults.cpus, nodes: count, apiServerPort }, options.force);
  const choice = await selectDriver(options, existing, { sizes, runs });
  progress.step("Selecting Driver", choice.reason);
  const limit = runs ? { cpus: sizes.cpus } : ((await choice.driver.limitCpus?.(sizes.cpus)) ?? { cpus: sizes.cpus });
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
    ...(await auditPolicy(options, existing)),
    registries: {
      mirrors: options.registryMirrors ?? existing?.registries?.mirrors ?? [],
      insecure: options.insecureRegistries ?? existing?.registries?.insecure ?? [],
    },
    ...keptProxies(progress, existing, runs),
    embedCerts: options.embedCerts ?? existing?.embedCerts ?? false,
    ...certificateLife(options, existing),
    nodes: existing?.nodes ?? planNodes(options.profile, count, "0.0.0.1"),
    createdAt: existing?.createdAt ?? new Date().toISOString(),
  };
  return { driver: choice.driver, draft, nodes, restartFor: runs ? await reasonsToRestart(draft, nodes) : [] };
}

/** Whoever starts from another shell expects no restart for its proxies: what runs keeps its own. */
function keptProxies(progress: Progress, existing: Profile | undefined, runs: boolean): Pick<Profile, "proxies"> {
  const { proxies, refused } = readProxies(process.env, existing?.proxies);
  for (const name of refused) progress.warning(`${name} is not the URL of a proxy, and is left out`);
  const has = existing?.proxies ?? noProxies;
  if (runs && !isDeepStrictEqual(proxies, has)) {
    progress.warning(
      `The running cluster keeps the proxies that it has; those of this environment are for its next boot: mini stop, then mini start`,
    );
  }
  const chosen = runs ? has : proxies;
  return isDeepStrictEqual(chosen, noProxies) ? {} : { proxies: chosen };
}

/** Of certificates that are made from now on; those of another life are made anew. */
function certificateLife(
  { certificateLifeMs: wanted }: StartOptions,
  existing: Profile | undefined,
): Pick<Profile, "certificateLifeMs"> {
  if (wanted !== undefined && wanted < shortestCertificateLifeMs) {
    throw new MiniError("MK_USAGE", "--cert-expiration is less than a minute", { advice: "--cert-expiration=26280h" });
  }
  const lifeMs = wanted ?? existing?.certificateLifeMs;
  return lifeMs === undefined ? {} : { certificateLifeMs: lifeMs };
}

async function auditPolicy(
  { extraConfig }: StartOptions,
  existing: Profile | undefined,
): Promise<Pick<Profile, "auditPolicy">> {
  const given = Object.keys(extraConfig).length > 0;
  const text = given ? await readAuditPolicy(extraConfig) : existing?.auditPolicy;
  return text === undefined ? {} : { auditPolicy: text };
}

/** Their number is settled when a profile is made. */
function refuseOtherNodes({ nodes }: StartOptions, existing: Profile | undefined): void {
  if (existing === undefined || nodes === undefined || nodes === existing.nodes.length) return;
  const message = `the profile has ${existing.nodes.length} node(s); --nodes=${nodes} applies to a new one only`;
  throw new MiniError("MK_USAGE", message, { advice: "mini delete, then mini start" });
}

async function observeExisting(existing: Profile, wanted: string | undefined): Promise<ObservedNode[]> {
  requireSameDriver(existing, wanted);
  return await observeNodes(await loadDriver(existing.driver), existing);
}

function newSizes({ cpus, memoryMiB, diskMiB }: StartOptions): Sizes {
  return {
    cpus: cpus ?? defaults.cpus,
    memoryMiB: memoryMiB ?? defaults.memoryMiB,
    diskMiB: diskMiB ?? defaults.diskMiB,
  };
}

/**
 * Processors and memory change with the next boot, and nobody who asks for more of them expects his cluster to go down
 * for it: while it runs they stay, as in minikube, and he is told. Disks keep the size that they were made with.
 */
function keptSizes(options: StartOptions, existing: Profile, runs: boolean): Sizes {
  const { name } = existing;
  const keep = (field: SizeField, what: string, unit: string): number => {
    const [wanted, has] = [options[field], existing[field]];
    if (wanted === undefined || wanted === has) return has;
    if (!runs && field !== "diskMiB") return wanted;
    const [state, first] =
      field === "diskMiB"
        ? ["an existing", `delete the cluster: mini delete -p ${name}`]
        : ["a running", `stop the cluster: mini stop -p ${name}`];
    options.progress.warning(
      `You cannot change the ${what} for ${state} mini cluster: it stays ${has}${unit}. Please first ${first}`,
    );
    return has;
  };
  return {
    cpus: keep("cpus", "CPUs", ""),
    memoryMiB: keep("memoryMiB", "memory size", "MB"),
    diskMiB: keep("diskMiB", "disk size", "MB"),
  };
}

async function selectDriver(
  options: StartOptions,
  existing: Profile | undefined,
  { sizes, runs }: { sizes: Sizes; runs: boolean },
): Promise<DriverChoice> {
  const needs = { ...sizes, folder: miniHome() };
  const { force } = options;
  if (existing === undefined) return chooseDriver({ wanted: options.driver, force, needs });
  const reason = `Using the ${existing.driver} driver based on the existing profile`;
  // What runs already has its memory and processors.
  if (runs) return { driver: await loadDriver(existing.driver), reason, overridden: [] };
  return { ...(await chooseDriver({ wanted: existing.driver, force, needs })), reason };
}

function requireSameDriver(existing: Profile, wanted: string | undefined): void {
  if (wanted === undefined || wanted === "auto" || parseDriver(wanted) === existing.driver) return;
  const message = `The existing "${existing.name}" cluster was created using the "${existing.driver}" driver, which is not "${wanted}"`;
  const advice = `mini delete -p ${existing.name}, then start again; or --driver=${existing.driver}`;
  throw new MiniError("GUEST_DRIVER_MISMATCH", message, { advice });
}

/** Compared with the seeds, from which the machines were booted, and not with the profile, which may be ahead of them. */
async function reasonsToRestart(draft: Profile, nodes: readonly ObservedNode[]): Promise<string[]> {
  const reasons = new Set<string>();
  for (const { node, state } of nodes) {
    if (state !== "Running" && state !== "Paused") continue;
    const seed = await readSeedConfig(draft.name, node.name);
    if (seed === undefined) reasons.add(`give ${node.name} back its configuration, which is missing`);
    if (seed === undefined) continue;
    const { port } = seed.controlPlane;
    if (port !== draft.apiServerPort)
      reasons.add(`move the API server from port ${port} to port ${draft.apiServerPort}`);
    if (!isDeepStrictEqual(seed.extraConfig, draft.extraConfig)) reasons.add("apply --extra-config");
    if (seed.auditPolicy !== draft.auditPolicy) reasons.add("change the audit policy");
    if (!isDeepStrictEqual(seed.registries ?? noRegistries, draft.registries)) reasons.add("change the registries");
  }
  return [...reasons];
}
