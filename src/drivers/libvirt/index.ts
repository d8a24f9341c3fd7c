/**
 * The drivers kvm2 and qemu2: one libvirt domain a node, hardware-accelerated or emulated. Fed with a MachineSpec by
 * src/cluster, it makes the profile's network, the disks and the domain, and speaks to libvirt through src/libvirt
 * only. Nothing in here knows Kubernetes.
 */
import { rm, stat } from "node:fs/promises";
import { systemClock } from "../../lib/clock.ts";
import { type Connection, type ConnectionUri, Domain, type DomainStatus, isLibvirtError } from "../../libvirt/index.ts";
import type { CallOptions, Driver, MachineSpec, MachineState } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { hostName } from "../host-name.ts";
import { checkHost } from "./checks.ts";
import { withLibvirt } from "./connect.ts";
import {
  createConsoleFile,
  createDataDisk,
  createMiniDisk,
  machineFiles,
  makeReadable,
  readConsole,
  writeSeedDisk,
} from "./disks.ts";
import { type DomainType, domainXml } from "./domain-xml.ts";
import { closeFolders, openFolders } from "./folder-access.ts";
import { escapeXml, metadataNamespace } from "./identity.ts";
import { allocateSubnet, ensureNetwork, releaseNetwork } from "./network.ts";
import { emulatedProcessors } from "./processors.ts";
import { explainStart } from "./start-failure.ts";

export interface LibvirtDriverOptions {
  readonly name: "kvm2" | "qemu2";
  readonly uri?: ConnectionUri;
  /** `test` is what libvirt's test driver has. */
  readonly domainType?: DomainType;
}

const pollMs = 200;
const pressAgainMs = 2000;

export function createLibvirtDriver({ name, uri = "qemu:///system", domainType }: LibvirtDriverOptions): Driver {
  const emulated = name !== "kvm2";
  const type = domainType ?? (emulated ? "qemu" : "kvm");
  return {
    name,
    description:
      name === "kvm2" ? "KVM virtual machine through libvirt" : "emulated virtual machine through libvirt (slow)",
    check: (needs) => checkHost(needs, { uri, type: emulated ? "qemu" : "kvm" }),
    async limitCpus(cpus) {
      if (type !== "qemu") return { cpus };
      const version = await withLibvirt(uri, { readOnly: true }, (connection) => connection.hypervisorVersion());
      return emulatedProcessors(cpus, version);
    },
    cacheFiles: async (machine) => [(await machineFiles(machine)).mini],
    allocateNetwork: (taken) => withLibvirt(uri, {}, (connection) => allocateSubnet(connection, taken)),
    create: (machine, options) =>
      withLibvirt(uri, { failureId: "GUEST_PROVISION" }, (connection) =>
        create(connection, machine, { ...options, type }),
      ),
    start: (machine, options) =>
      withLibvirt(uri, { failureId: "GUEST_START" }, (connection) => start(connection, machine, { ...options, type })),
    stop: (machine, options) => withLibvirt(uri, {}, (connection) => stop(connection, machine, options)),
    resume: (machine) =>
      withLibvirt(uri, {}, async (connection) => {
        using domain = await Domain.find(connection, hostName(machine));
        if (domain !== undefined && machineState(await domain.status()) === "Paused") await domain.resume();
      }),
    remove: (machine) => withLibvirt(uri, {}, (connection) => remove(connection, machine)),
    state: (machine) =>
      withLibvirt(uri, { readOnly: true }, async (connection) => {
        using domain = await Domain.find(connection, hostName(machine));
        return domain === undefined ? "Nonexistent" : machineState(await domain.status());
      }),
    consoleLog: async (machine) => readConsole((await machineFiles(machine)).console),
  };
}

type TypedOptions = CallOptions & { readonly type: DomainType };

async function create(connection: Connection, machine: MachineSpec, options: TypedOptions): Promise<void> {
  const { signal } = options;
  await adopt(connection, machine);
  try {
    signal.throwIfAborted();
    const files = await machineFiles(machine);
    await createDataDisk(files.data, machine.diskMiB, signal);
    // libvirt looks for read-only disks when a domain is defined.
    await prepareDisks(connection, machine, options);
    signal.throwIfAborted();
    await define(connection, machine, options);
    await ensureNetwork(connection, machine);
    signal.throwIfAborted();
  } catch (error) {
    await remove(connection, machine);
    throw error;
  }
}

/** Defined anew at each start: the binary, the image or the sizes may have changed since. */
async function define(connection: Connection, machine: MachineSpec, { type }: TypedOptions): Promise<void> {
  using _domain = await Domain.define(connection, domainXml(machine, await machineFiles(machine), { type }));
}

async function start(connection: Connection, machine: MachineSpec, options: TypedOptions): Promise<void> {
  const { signal } = options;
  const before = await stateOf(connection, machine);
  if (before === "Running") return;
  if (before === "Paused" || before === "Error") await destroy(connection, machine);
  await prepareDisks(connection, machine, options);
  await ensureNetwork(connection, machine);
  signal.throwIfAborted();
  await define(connection, machine, options);
  using domain = await Domain.find(connection, hostName(machine));
  try {
    await domain?.start();
    signal.throwIfAborted();
  } catch (error) {
    await domain?.destroy();
    throw explainStart(error, machine.name, options.type);
  }
}

async function prepareDisks(connection: Connection, machine: MachineSpec, { type }: TypedOptions): Promise<void> {
  const files = await machineFiles(machine);
  const { kernel, initrd, root } = machine.image;
  await createConsoleFile(files.console);
  await createMiniDisk(files.mini, machine.binary);
  await writeSeedDisk(files.seed, machine.seed);
  for (const file of [kernel, initrd, root]) await makeReadable(file);
  const paths = [files.data, files.seed, files.mini, kernel, initrd, root];
  await openFolders(connection, machine, { type: type === "kvm" ? "kvm" : "qemu", paths });
}

async function stop(
  connection: Connection,
  machine: MachineSpec,
  { signal, graceMs }: CallOptions & { graceMs: number },
): Promise<void> {
  using domain = await Domain.find(connection, hostName(machine));
  if (domain === undefined) return;
  const deadline = systemClock.now() + graceMs;
  if (machineState(await domain.status()) === "Running") {
    let pressAt = 0;
    while (systemClock.now() < deadline && (await domain.status()).state !== "shutoff") {
      // A guest that is just booting does not hear the button yet, and nothing keeps the press for it.
      if (systemClock.now() >= pressAt) {
        await press(domain);
        pressAt = systemClock.now() + pressAgainMs;
      }
      await systemClock.sleep(pollMs, signal);
    }
  }
  if ((await domain.status()).state !== "shutoff") await domain.destroy();
}

async function press(domain: Domain): Promise<void> {
  await domain.shutdown().catch((error: unknown) => {
    // It may have ended by itself in between.
    if (!isLibvirtError(error, "operationInvalid")) throw error;
  });
}

async function remove(connection: Connection, machine: MachineSpec): Promise<void> {
  using domain = await Domain.find(connection, hostName(machine));
  if (domain !== undefined) {
    if (!(await isOurs(domain, machine))) return;
    await domain.destroy();
    await domain.undefine();
  }
  await releaseNetwork(connection, machine);
  for (const file of ["data.qcow2", "seed.iso", "console.log"]) await rm(`${machine.folder}/${file}`, { force: true });
  // After the disk, which may be what leaves no room to note that folders are closed again.
  await closeFolders(connection, machine);
}

/** A domain of this name that a crashed run left is taken down; one that is not ours is a conflict. */
async function adopt(connection: Connection, machine: MachineSpec): Promise<void> {
  using domain = await Domain.find(connection, hostName(machine));
  if (domain === undefined) return;
  if (!(await isOurs(domain, machine))) {
    const name = hostName(machine);
    const advice = `Choose another profile name, or remove it: virsh -c qemu:///system undefine ${name}`;
    const message = `a libvirt domain ${name} exists that this MINI_HOME did not make`;
    throw new DriverError("PR_KVM_CREATE_BUSY", message, { advice });
  }
  await domain.destroy();
  await domain.undefine();
}

/** Made by mini for this folder, or for one that is gone. */
async function isOurs(domain: Domain, machine: MachineSpec): Promise<boolean> {
  const xml = await domain.xml();
  if (!xml.includes(metadataNamespace)) return false;
  if (xml.includes(escapeXml(machine.folder))) return true;
  const folder = xml.match(/<machine [^>]*folder=["']([^"']*)["']/)?.[1];
  return folder === undefined || (await isGone(folder));
}

/** A folder that may not be looked at, as another user's, is not gone. */
async function isGone(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "ENOENT",
  );
}

async function destroy(connection: Connection, machine: MachineSpec): Promise<void> {
  using domain = await Domain.find(connection, hostName(machine));
  await domain?.destroy();
}

async function stateOf(connection: Connection, machine: MachineSpec): Promise<MachineState> {
  using domain = await Domain.find(connection, hostName(machine));
  return domain === undefined ? "Nonexistent" : machineState(await domain.status());
}

/** A guest that stops for any reason but a person's wish is broken: KVM pauses it when it cannot go on. */
function machineState({ state, reason }: DomainStatus): MachineState {
  switch (state) {
    case "running":
    case "blocked":
    case "nostate":
      return "Running";
    case "paused":
      return reason === "user" ? "Paused" : "Error";
    case "shutdown":
      return "Stopping";
    case "crashed":
      return "Error";
    default:
      return reason === "crashed" || reason === "failed" ? "Error" : "Stopped";
  }
}
