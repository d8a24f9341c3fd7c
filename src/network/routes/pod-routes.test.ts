import { describe, expect, it } from "vitest";
import type { Node } from "../../kinds/generated/core-v1.ts";
import { internalAddress, nodeAddresses, planRoutes, renderEgress } from "./pod-routes.ts";

const surroundings = { nodeName: "here", podSubnet: "10.244.0.0/16", link: "192.168.39.2/24" };

const node = (name: string, podCIDR: string, address: string, day = 1): Node => ({
  metadata: { name, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
  spec: { podCIDR },
  status: { addresses: [{ type: "InternalIP", address }] },
});
const here = node("here", "10.244.0.0/24", "192.168.39.2", 2);
const honest = node("honest", "10.244.1.0/24", "192.168.39.3", 2);
const route = { destination: "10.244.1.0/24", gateway: "192.168.39.3" };

describe("routes to the pods of other nodes", () => {
  it("lead through their addresses", () => {
    expect(planRoutes([here, honest], surroundings)).toEqual([route]);
  });

  it.each([
    ["this node's pods, were the node older", node("liar", "10.244.0.0/24", "192.168.39.9", 1)],
    ["all pods", node("liar", "10.244.0.0/16", "192.168.39.9", 3)],
    ["part of another's pods", node("liar", "10.244.1.128/25", "192.168.39.9", 3)],
    ["Services", node("liar", "10.96.0.0/24", "192.168.39.9")],
    ["everything", node("liar", "0.0.0.0/0", "192.168.39.9")],
    ["what only ip(8) reads", node("liar", "default", "192.168.39.9")],
    ["pods through an address that is not on the link", node("liar", "10.244.2.0/24", "192.0.2.1")],
    ["pods through no address", node("liar", "10.244.2.0/24", "192.168.39.9 dev lo")],
  ])("are not taken by a node that claims %s", (_, liar) => {
    expect(planRoutes([liar, here, honest], surroundings)).toEqual([route]);
  });
});

describe("the addresses of nodes", () => {
  it.each([
    "127.0.0.1",
    "0.0.0.0",
    "169.254.169.254",
    "224.0.0.1",
    "fd00::2",
    "192.168.39.3 } accept } } table ip other { chain a { ip saddr { 192.0.2.1",
    "",
  ])("are those of machines, and not %s", (address) => {
    expect(internalAddress(node("liar", "", address))).toBeUndefined();
  });

  it("are let out of the cluster's network without another source where they are on the link", () => {
    const liars = ["192.0.2.1", "192.168.39.3", "192.168.39.3 } accept"].map((address) => node("liar", "", address));
    const rules = renderEgress("10.244.0.0/16", nodeAddresses([here, honest, ...liars], surroundings.link));
    expect(rules).toContain("ip daddr != { 10.244.0.0/16, 192.168.39.2, 192.168.39.3 } ip");
  });
});
