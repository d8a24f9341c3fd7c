/** Picks a free /24 for a profile: from 192.168.39.0 in steps of 11, as minikube does, so that both get along. */
import { claimName } from "../../lib/abstract-name.ts";
import type { MachineNetwork } from "../driver.ts";

const first = 39;
const step = 11;
const tries = 20;

/** An IPv4 network: address as a number, and how many bits are its prefix. */
export interface Ipv4Network {
  readonly address: number;
  readonly prefix: number;
}

/** The first candidate that overlaps none of `taken` (CIDR: `192.168.39.0/24`); undefined when all do. */
export function freeSubnet(taken: readonly string[]): MachineNetwork | undefined {
  for (let index = 0; index < tries; index++) {
    const third = first + index * step;
    const subnet = `192.168.${third}.0/24`;
    if (third > 255) break;
    if (!isTaken(subnet, taken)) return { subnet, gateway: `192.168.${third}.1` };
  }
  return undefined;
}

/** Whether a subnet overlaps one of `taken`; all in CIDR form. */
export function isTaken(subnet: string, taken: readonly string[]): boolean {
  const network = parseCidr(subnet);
  if (network === undefined) return false;
  return taken.map(parseCidr).some((other) => other !== undefined && overlaps(other, network));
}

/**
 * Picks a subnet that `readTaken` does not name, and claims it until this process ends: by then an interface shows that
 * it is taken. Starts at the same time, whatever their MINI_HOME, so never pick the same. Undefined when all are taken.
 */
export async function claimSubnet(
  readTaken: () => Promise<string[]>,
  claim: typeof claimName = claimName,
): Promise<MachineNetwork | undefined> {
  const claimedByOthers: string[] = [];
  for (;;) {
    const candidate = freeSubnet([...claimedByOthers, ...(await readTaken())]);
    if (candidate === undefined) return undefined;
    const release = await claim(`mini-subnet-${candidate.subnet}`);
    // Read again: who had claimed it may have made its interface and ended in between.
    if (release !== undefined) {
      if (freeSubnet([...claimedByOthers, ...(await readTaken())])?.subnet === candidate.subnet) return candidate;
      release();
    }
    claimedByOthers.push(candidate.subnet);
  }
}

/** Host routes in CIDR form from /proc/net/route, without the default route. */
export function parseRoutes(table: string): string[] {
  return table
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const columns = line.split("\t");
      const [destination, mask] = [columns[1], columns[7]];
      if (destination === undefined || mask === undefined || destination === "00000000") return [];
      return [`${littleEndianAddress(destination)}/${prefixLength(mask)}`];
    });
}

/** Addresses in a network's XML, in CIDR form: `<ip address='192.168.39.1' netmask='255.255.255.0'>`. */
export function parseNetworkAddresses(xml: string): string[] {
  return [...xml.matchAll(/<ip ([^>]*)>/g)].flatMap(([, attributes = ""]) => {
    const attribute = (name: string): string | undefined => attributes.match(new RegExp(`${name}=['"]([^'"]+)`))?.[1];
    const address = attribute("address");
    if (address === undefined || address.includes(":")) return [];
    const mask = attribute("netmask");
    const prefix = attribute("prefix") ?? (mask === undefined ? 24 : prefixLength(hexMask(mask)));
    return [`${address}/${prefix}`];
  });
}

function parseCidr(cidr: string): Ipv4Network | undefined {
  const match = cidr.match(/^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  return { address: ((a * 256 + b) * 256 + c) * 256 + d, prefix };
}

function overlaps(left: Ipv4Network, right: Ipv4Network): boolean {
  const size = 2 ** (32 - Math.min(left.prefix, right.prefix));
  return Math.floor(left.address / size) === Math.floor(right.address / size);
}

function littleEndianAddress(hex: string): string {
  return [...Buffer.from(hex, "hex")].reverse().join(".");
}

function prefixLength(hexadecimalMask: string): number {
  return [...Buffer.from(hexadecimalMask, "hex")].reduce(
    (sum, byte) => sum + byte.toString(2).replaceAll("0", "").length,
    0,
  );
}

function hexMask(mask: string): string {
  return Buffer.from(mask.split(".").map(Number)).toString("hex");
}
