/** Arithmetic on IPv4 subnets, addresses as unsigned 32-bit numbers. */
import { isIPv4 } from "node:net";

export interface Subnet {
  readonly cidr: string;
  /** Network address. */
  readonly base: number;
  /** Number of addresses, network and broadcast addresses included. */
  readonly size: number;
}

/** Throws on anything but IPv4 CIDR notation. */
export function parseSubnet(cidr: string): Subnet {
  const [address = "", bits = ""] = cidr.split("/");
  const length = Number(bits);
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || length > 30)
    throw new Error(`not an IPv4 service subnet: ${cidr}`);
  const size = 2 ** (32 - length);
  const base = Math.floor(parseAddress(address) / size) * size;
  return { cidr: `${formatAddress(base)}/${length}`, base, size };
}

export function parseAddress(address: string): number {
  return address.split(".").reduce((sum, byte) => sum * 256 + Number(byte), 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}

/** The address of the kubernetes Service: the first usable one. */
export function firstServiceAddress(cidr: string): string {
  return formatAddress(parseSubnet(cidr).base + 1);
}
