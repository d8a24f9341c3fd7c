/**
 * The network of runc machines: one bridge for each subnet, where the host has the gateway's address, a veth pair for
 * each machine, and masquerading towards the outside in an nftables table of its own. Machines of a profile share the
 * bridge, so they reach each other as on one wire.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import type { MachineNetwork, MachineSpec } from "../driver.ts";
import { DriverError } from "../driver-error.ts";
import { hostName } from "../host-name.ts";
import { claimSubnet, isTaken, parseRoutes } from "../libvirt/subnet.ts";
import { command, tryCommand } from "./run-command.ts";

type NetworkMachine = Pick<MachineSpec, "name" | "hostName" | "network" | "address" | "macAddress">;

/** Claims a subnet that neither `taken`, nor an interface, nor a route of the host overlaps. */
export async function allocateSubnet(taken: readonly string[]): Promise<MachineNetwork> {
  const found = await claimSubnet(async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list?.map(({ cidr }) => cidr) ?? []);
    return [...taken, ...(await routes()), ...addresses.filter((cidr) => cidr !== null)];
  });
  if (found === undefined) throw new DriverError("IF_NO_FREE_SUBNET", "no subnet from 192.168.39.0/24 on is free");
  return found;
}

async function routes(): Promise<string[]> {
  return parseRoutes(await readFile("/proc/net/route", "utf8"));
}

/** Interface names have at most 15 characters, hence hashes. */
function hashed(prefix: string, text: string): string {
  return prefix + createHash("sha256").update(text).digest("hex").slice(0, 8);
}

export function bridgeName({ subnet }: MachineNetwork): string {
  return hashed("mini-", subnet);
}

export function vethName(machine: Pick<MachineSpec, "name" | "hostName">): string {
  return hashed("miniv", hostName(machine));
}

/**
 * Makes bridge and table where they are missing. Idempotent. Throws IF_SUBNET_TAKEN when the bridge went away (with a
 * reboot) and the subnet was given to another network since.
 */
export async function ensureNetwork(network: MachineNetwork): Promise<void> {
  const bridge = bridgeName(network);
  if ((await tryCommand("ip", ["link", "show", "dev", bridge])).exitCode !== 0) {
    if (isTaken(network.subnet, await routes()))
      throw new DriverError("IF_SUBNET_TAKEN", `another network of this machine has ${network.subnet} now`);
    const { exitCode, stderr } = await tryCommand("ip", [
      "link",
      "add",
      bridge,
      "type",
      "bridge",
      "forward_delay",
      "0",
    ]);
    // Another start of the same profile may have been quicker.
    if (exitCode !== 0 && !stderr.includes("File exists"))
      throw new DriverError("GUEST_START", `the bridge ${bridge} cannot be made: ${stderr.trim()}`);
  }
  await command("ip", ["addr", "replace", `${network.gateway}/24`, "dev", bridge]);
  await command("ip", ["link", "set", bridge, "up"]);
  await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
  await command("nft", ["-f", "-"], { input: ruleset(network) });
}

/**
 * The table is replaced as a whole, so that running it twice leaves one. Where bridged packets pass the host's rules too
 * (br_netfilter), those from a node to pods of another go out by the bridge and keep their source.
 */
export function ruleset(network: MachineNetwork): string {
  const name = bridgeName(network);
  return `table ip ${name}
delete table ip ${name}
table ip ${name} {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr ${network.subnet} ip daddr != ${network.subnet} oifname != "${name}" masquerade
  }
  chain forward {
    type filter hook forward priority filter;
    iifname "${name}" accept
    oifname "${name}" accept
  }
}
`;
}

/** Gives the process's network namespace its eth0, not yet configured: the node's boot script does that. */
export async function plug(machine: NetworkMachine, pid: number): Promise<void> {
  const host = vethName(machine);
  await unplug(machine);
  await command("ip", [
    ...["link", "add", host, "master", bridgeName(machine.network), "type", "veth"],
    ...["peer", "name", "eth0", "address", machine.macAddress, "netns", String(pid)],
  ]);
  await command("ip", ["link", "set", host, "up"]);
}

/** The pair goes with either end; this is for one whose other end never came to life. */
export async function unplug(machine: Pick<MachineSpec, "name" | "hostName">): Promise<void> {
  await tryCommand("ip", ["link", "delete", vethName(machine)]);
}

/** Removes bridge and table, unless a machine is still plugged in. */
export async function releaseNetwork(network: MachineNetwork): Promise<void> {
  const bridge = bridgeName(network);
  const ports = await readdir(`/sys/class/net/${bridge}/brif`).catch(() => []);
  if (ports.length > 0) return;
  await tryCommand("ip", ["link", "delete", bridge]);
  await tryCommand("nft", ["delete", "table", "ip", bridge]);
}
