import { describe, expect, it } from "vitest";
import type { claimName } from "../../lib/abstract-name.ts";
import { claimSubnet, freeSubnet, parseNetworkAddresses, parseRoutes } from "./subnet.ts";

describe("freeSubnet", () => {
  it.each([
    [[], "192.168.39.0/24"],
    [["10.0.0.0/8", "192.168.40.0/24"], "192.168.39.0/24"],
    [["192.168.39.0/24"], "192.168.50.0/24"],
    [["192.168.39.7/32", "192.168.50.1/24"], "192.168.61.0/24"],
    [["192.168.0.0/17"], "192.168.138.0/24"],
  ])("avoids %j", (taken, subnet) => {
    expect(freeSubnet(taken)?.subnet).toBe(subnet);
  });

  it("gives up when the whole range is taken", () => {
    expect(freeSubnet(["192.168.0.0/16"])).toBeUndefined();
  });
});

/** Names of this test alone: what other runs of mini hold on this machine is none of its business. */
function claims(): typeof claimName {
  const held = new Set<string>();
  return async (name) => {
    if (held.has(name)) return undefined;
    held.add(name);
    return () => held.delete(name);
  };
}

it("gives starts at the same time different subnets", async () => {
  const outside = ["192.168.0.0/17"];
  const claim = claims();
  const found = await Promise.all([claimSubnet(async () => outside, claim), claimSubnet(async () => outside, claim)]);
  expect(new Set(found.map((network) => network?.subnet)).size).toBe(2);
});

it("passes over a subnet whose interface appeared while it was claimed", async () => {
  const base = ["192.168.128.0/17", "192.168.0.0/18", "192.168.64.0/19"];
  let reads = 0;
  const found = await claimSubnet(async () => (reads++ === 0 ? base : [...base, "192.168.105.1/24"]), claims());
  expect(found?.subnet).toBe("192.168.116.0/24");
});

it("reads the host's routes, the default route left out", () => {
  const table = [
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
    "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
    "eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
  ].join("\n");
  expect(parseRoutes(table)).toEqual(["192.0.2.0/24"]);
});

it("reads addresses of networks with netmask or prefix, and leaves IPv6 out", () => {
  const xml = `<network><ip address='192.168.122.1' netmask='255.255.255.0'></ip>
    <ip family='ipv4' address="10.1.0.1" prefix="16"/><ip family='ipv6' address='fd00::1' prefix='64'/></network>`;
  expect(parseNetworkAddresses(xml)).toEqual(["192.168.122.1/24", "10.1.0.1/16"]);
});
