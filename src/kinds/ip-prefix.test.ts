import { describe, expect, it } from "vitest";
import {
  type Address,
  canonicalIP,
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixCovers,
  prefixesOverlap,
  rangeContains,
} from "./ip-prefix.ts";

const prefix = (cidr: string): Prefix => parsePrefix(cidr) as Prefix;
const address = (text: string): Address => parseAddress(text) as Address;

describe("prefixes of addresses", () => {
  it("are read from CIDR notation alone", () => {
    expect(parsePrefix("10.96.0.0/12")).toEqual({ family: 4, base: 10n * 2n ** 24n + 96n * 2n ** 16n, length: 12 });
    expect(prefix("2001:db8::1:0/112").base & 0xffffffffn).toBe(0x10000n);
    expect(prefix("::/0")).toEqual({ family: 6, base: 0n, length: 0 });
    for (const wrong of ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "fe80::1%eth0/64", "::/129", ""]) {
      expect(parsePrefix(wrong)).toBeUndefined();
    }
  });

  it.each([
    ["10.0.0.0/24", "10.0.0.128/25", true, true],
    ["10.0.0.128/25", "10.0.0.0/24", false, true],
    ["10.0.0.0/24", "10.0.0.0/24", true, true],
    ["10.0.0.0/24", "10.0.1.0/24", false, false],
    ["2001:db8::/32", "2001:db8:1::/48", true, true],
    ["::/0", "10.0.0.0/24", false, false],
  ])("%s against %s: covers %s, overlaps %s", (a, b, covers, overlaps) => {
    expect(prefixCovers(prefix(a), prefix(b))).toBe(covers);
    expect(prefixesOverlap(prefix(a), prefix(b))).toBe(overlaps);
  });

  it("give services neither the network's address nor IPv4's broadcast address", () => {
    const given = (cidr: string, text: string): boolean => rangeContains(prefix(cidr), address(text));
    expect(["10.0.0.0", "10.0.0.1", "10.0.0.254", "10.0.0.255"].map((text) => given("10.0.0.0/24", text))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(given("2001:db8::/64", "2001:db8::")).toBe(false);
    expect(given("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff")).toBe(true);
    expect(given("10.0.0.7/32", "10.0.0.7")).toBe(false);
  });

  it("write IPv6 addresses in their one form", () => {
    expect(canonicalIP("FE80:0:0:0:1:0:0:0ABC")).toBe("fe80::1:0:0:abc");
    expect(canonicalIP("10.0.0.1")).toBe("10.0.0.1");
  });
});
