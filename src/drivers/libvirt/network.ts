/** A profile's network on the host: made, kept active, taken away with its last machine. */
import { readFile } from "node:fs/promises";
import { type Connection, Domain, isLibvirtError, Network } from "../../libvirt/index.ts";
import type { MachineNetwork, MachineSpec } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { networkName } from "./identity.ts";
import { dhcpHost, networkXml } from "./network-xml.ts";
import { claimSubnet, parseNetworkAddresses, parseRoutes } from "./subnet.ts";

/** Claims a subnet that no route of the host, no network of libvirt (active or not) and none of `taken` overlaps. */
export async function allocateSubnet(connection: Connection, taken: readonly string[]): Promise<MachineNetwork> {
  const found = await claimSubnet(async () => {
    const defined: string[] = [];
    for (const network of await Network.list(connection)) {
      using each = network;
      defined.push(...parseNetworkAddresses(await each.xml()));
    }
    return [...taken, ...defined, ...parseRoutes(await readFile("/proc/net/route", "utf8"))];
  });
  if (found !== undefined) return found;
  throw new DriverError(
    "IF_NO_FREE_SUBNET",
    "every subnet from 192.168.39.0/24 in steps of 11 is taken on this machine",
  );
}

/**
 * Makes sure that the machine's network is defined with its reservation, active, and started with libvirtd. A network
 * of the same name with another subnet (left by a run that crashed) is replaced.
 */
export async function ensureNetwork(connection: Connection, machine: MachineSpec): Promise<void> {
  const name = networkName(machine);
  let network = await Network.find(connection, name);
  if (network !== undefined && !parseNetworkAddresses(await network.xml()).includes(`${machine.network.gateway}/24`)) {
    await network.destroy();
    await network.undefine();
    network[Symbol.dispose]();
    network = undefined;
  }
  network ??= await defineNetwork(connection, machine);
  using defined = network;
  if (!(await defined.xml()).includes(machine.macAddress)) await defined.addDhcpHost(dhcpHost(machine));
  await startNetwork(defined, name);
}

async function defineNetwork(connection: Connection, machine: MachineSpec): Promise<Network> {
  const name = networkName(machine);
  try {
    return await Network.define(connection, networkXml(name, machine.network, [dhcpHost(machine)]));
  } catch (error) {
    if (!isLibvirtError(error)) throw error;
    const message = `libvirt refuses the network ${name}: ${error.message}`;
    throw new DriverError("PR_KVM_NET_XML", message, { cause: error });
  }
}

async function startNetwork(network: Network, name: string): Promise<void> {
  try {
    await network.start();
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new DriverError("PR_KVM_MISSING_NETWORK", `the network ${name} cannot be started: ${detail}`, {
      cause: error,
    });
  }
  // A convenience after a restart of the host: a start makes sure of the network itself.
  await network.setAutostart(true).catch((error: unknown) => {
    if (!isLibvirtError(error)) throw error;
  });
}

/** Takes the machine's reservation away, and the network with its last reservation. */
export async function releaseNetwork(connection: Connection, machine: MachineSpec): Promise<void> {
  const name = networkName(machine);
  using network = await Network.find(connection, name);
  if (network === undefined) return;
  const others = await machinesOf(connection, name);
  if (others.length === 0) {
    await network.destroy();
    await network.undefine();
    return;
  }
  try {
    await network.removeDhcpHost(dhcpHost(machine));
  } catch (error) {
    if (!isLibvirtError(error, "operationInvalid")) throw error;
  }
}

/** Names of the domains that are attached to a network. */
async function machinesOf(connection: Connection, network: string): Promise<string[]> {
  const names: string[] = [];
  for (const domain of await Domain.list(connection)) {
    using each = domain;
    const xml = await each.xml();
    if (xml.includes(`network='${network}'`)) names.push(each.name);
  }
  return names;
}
