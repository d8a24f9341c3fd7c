/** Arithmetic on addresses and prefixes of both families, as Go's net/netip has it: addresses are unsigned integers. */
import { isIPv4, isIPv6 } from "node:net";

export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

export interface Prefix {
  readonly family: 4 | 6;
  /** The network's address: bits beyond the length are zero. */
  readonly base: bigint;
  /** The length in bits. */
  readonly length: number;
}

const widthOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** RFC 5952 for IPv6; IPv4 has one form only. The text must be an address. */
export function canonicalIP(text: string): string {
  // A host of a URL is written in that very form.
  return isIPv4(text) ? text : new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

/** Undefined for what is no address, or has a zone. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) {
    return { family: 4, value: text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n) };
  }
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const [head = "", tail] = canonicalIP(text).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail ? tail.split(":") : [];
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill("0");
  const groups = [...left, ...zeros, ...right];
  return { family: 6, value: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n) };
}

const hostBits = (family: 4 | 6, length: number): bigint => BigInt(widthOf(family) - length);

/** Undefined for what is not CIDR notation. Bits beyond the length are cleared. */
export function parsePrefix(cidr: string): Prefix | undefined {
  const [, text = "", bits = ""] = /^([^/]+)\/(\d{1,3})$/.exec(cidr) ?? [];
  const address = parseAddress(text);
  const length = Number(bits);
  if (address === undefined || length > widthOf(address.family)) return undefined;
  const shift = hostBits(address.family, length);
  return { family: address.family, base: (address.value >> shift) << shift, length };
}

export function prefixContains(prefix: Prefix, { family, value }: Address): boolean {
  const shift = hostBits(prefix.family, prefix.length);
  return family === prefix.family && value >> shift === prefix.base >> shift;
}

/** Whether all of `inner` is in `outer`; equal prefixes cover each other. */
export function prefixCovers(outer: Prefix, inner: Prefix): boolean {
  return outer.length <= inner.length && prefixContains(outer, { family: inner.family, value: inner.base });
}

export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return prefixCovers(a, b) || prefixCovers(b, a);
}

/** Whether a service could get the address from this range: not the network's address, nor IPv4's broadcast address. */
export function rangeContains(prefix: Prefix, address: Address): boolean {
  if (!prefixContains(prefix, address) || address.value === prefix.base) return false;
  const last = prefix.base + (1n << hostBits(prefix.family, prefix.length)) - 1n;
  return prefix.family === 6 || address.value !== last;
}
