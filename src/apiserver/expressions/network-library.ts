/** `ip()`, `cidr()` and their like: apiserver's libraries kubernetes.net.ip and kubernetes.net.cidr. */
import { isIP, isIPv4 } from "node:net";
import type { Environment } from "@marcbachmann/cel-js";

export class Address {
  /** Canonical. */
  readonly text: string;
  readonly value: bigint;
  readonly bits: 32 | 128;

  /** Throws an Error on what is no address, has a zone, or is IPv4 in IPv6's clothes. */
  constructor(text: string) {
    if (isIP(text) === 0) {
      const cause = `ParseAddr(${JSON.stringify(text)}): unable to parse IP`;
      throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string: ${cause}`);
    }
    if (text.includes("%")) throw new Error(`IP address ${JSON.stringify(text)} with zone value is not allowed`);
    this.bits = isIPv4(text) ? 32 : 128;
    this.text = this.bits === 32 ? text : new URL(`http://[${text}]`).hostname.slice(1, -1);
    this.value = this.bits === 32 ? numberOf(text.split("."), 10, 8n) : numberOf(expanded(this.text), 16, 16n);
    if (this.bits === 128 && this.value >> 32n === 0xffffn) {
      throw new Error(`IPv4-mapped IPv6 address ${JSON.stringify(text)} is not allowed`);
    }
  }
}

const numberOf = (parts: readonly string[], radix: number, width: bigint): bigint =>
  parts.reduce((sum, part) => (sum << width) | BigInt(Number.parseInt(part, radix)), 0n);

/** The eight groups of a canonical IPv6 address. */
function expanded(text: string): string[] {
  const [head = "", tail] = text.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  if (tail === undefined) return groups(head);
  const before = groups(head);
  const after = groups(tail);
  return [...before, ...Array<string>(8 - before.length - after.length).fill("0"), ...after];
}

export class Prefix {
  readonly address: Address;
  readonly length: number;

  constructor(address: Address, length: number) {
    this.address = address;
    this.length = length;
  }

  /** Throws an Error on what is no prefix in CIDR notation. Bits behind the prefix may be set. */
  static parse(text: string): Prefix {
    const [, address = "", digits = ""] = /^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
    if (isIP(address) === 0 || address.includes("%") || Number(digits) > (isIPv4(address) ? 32 : 128)) {
      const cause = `netip.ParsePrefix(${JSON.stringify(text)}): not a prefix`;
      throw new Error(`network address parse error during conversion from string: ${cause}`);
    }
    return new Prefix(new Address(address), Number(digits));
  }

  get text(): string {
    return `${this.address.text}/${this.length}`;
  }

  contains({ bits, value }: Address): boolean {
    const shift = BigInt(this.address.bits - this.length);
    return bits === this.address.bits && value >> shift === this.address.value >> shift;
  }

  containsPrefix({ address, length }: Prefix): boolean {
    return length >= this.length && this.contains(address);
  }

  masked(): Prefix {
    const shift = BigInt(this.address.bits - this.length);
    return new Prefix(new Address(textOf((this.address.value >> shift) << shift, this.address.bits)), this.length);
  }
}

function textOf(value: bigint, bits: 32 | 128): string {
  const [count, width, radix] = bits === 32 ? [4, 8n, 10] : [8, 16n, 16];
  const parts = Array.from({ length: count }, (_, index) =>
    ((value >> (width * BigInt(count - 1 - index))) & ((1n << width) - 1n)).toString(radix),
  );
  return parts.join(bits === 32 ? "." : ":");
}

const within =
  (...prefixes: readonly string[]) =>
  (address: Address): boolean =>
    prefixes.some((prefix) => Prefix.parse(prefix).contains(address));

const isUnspecified = within("0.0.0.0/32", "::/128");
const isLoopback = within("127.0.0.0/8", "::1/128");
const isLinkLocalMulticast = (address: Address): boolean =>
  address.bits === 32 ? within("224.0.0.0/24")(address) : ((address.value >> 112n) & 0xff0fn) === 0xff02n;
const isLinkLocalUnicast = within("169.254.0.0/16", "fe80::/10");
const isNoGlobalUnicast = within("255.255.255.255/32", "224.0.0.0/4", "ff00::/8");

const parses =
  (parse: (text: string) => unknown) =>
  (text: string): boolean => {
    try {
      parse(text);
      return true;
    } catch {
      return false;
    }
  };

class AddressNamespace {}

const addressOf = (text: string): Address => new Address(text);

export function registerNetwork(environment: Environment): void {
  environment
    .registerType("net.IP", { ctor: Address, fields: {} })
    .registerType("net.CIDR", { ctor: Prefix, fields: {} })
    .registerType("AddressNamespace", { ctor: AddressNamespace, fields: {} })
    .registerConstant("ip", "AddressNamespace", new AddressNamespace())
    .registerFunction("AddressNamespace.isCanonical(string): bool", (_: unknown, text: string) => {
      return new Address(text).text === text;
    })
    .registerFunction("ip(string): net.IP", addressOf)
    .registerFunction("isIP(string): bool", parses(addressOf))
    .registerFunction("string(net.IP): string", ({ text }: Address) => text)
    .registerFunction("net.IP.family(): int", ({ bits }: Address) => (bits === 32 ? 4n : 6n))
    .registerFunction("net.IP.isUnspecified(): bool", isUnspecified)
    .registerFunction("net.IP.isLoopback(): bool", isLoopback)
    .registerFunction("net.IP.isLinkLocalMulticast(): bool", isLinkLocalMulticast)
    .registerFunction("net.IP.isLinkLocalUnicast(): bool", isLinkLocalUnicast)
    .registerFunction("net.IP.isGlobalUnicast(): bool", (address: Address) => {
      return ![isUnspecified, isLoopback, isLinkLocalUnicast, isNoGlobalUnicast].some((is) => is(address));
    })
    .registerOperator("net.IP == net.IP", (a: Address, b: Address) => a.text === b.text)
    .registerFunction("cidr(string): net.CIDR", Prefix.parse)
    .registerFunction("isCIDR(string): bool", parses(Prefix.parse))
    .registerFunction("string(net.CIDR): string", ({ text }: Prefix) => text)
    .registerFunction("net.CIDR.containsIP(net.IP): bool", (prefix: Prefix, address: Address) =>
      prefix.contains(address),
    )
    .registerFunction("net.CIDR.containsIP(string): bool", (prefix: Prefix, text: string) =>
      prefix.contains(new Address(text)),
    )
    .registerFunction("net.CIDR.containsCIDR(net.CIDR): bool", (prefix: Prefix, other: Prefix) =>
      prefix.containsPrefix(other),
    )
    .registerFunction("net.CIDR.containsCIDR(string): bool", (prefix: Prefix, text: string) =>
      prefix.containsPrefix(Prefix.parse(text)),
    )
    .registerFunction("net.CIDR.ip(): net.IP", ({ address }: Prefix) => address)
    .registerFunction("net.CIDR.prefixLength(): int", ({ length }: Prefix) => BigInt(length))
    .registerFunction("net.CIDR.masked(): net.CIDR", (prefix: Prefix) => prefix.masked())
    .registerOperator("net.CIDR == net.CIDR", (a: Prefix, b: Prefix) => a.text === b.text);
}
