import { describe, expect, it } from "vitest";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import { listServicePorts } from "./service-ports.ts";

const service = (spec: Service["spec"], labels: Record<string, string> = {}): Service => ({
  metadata: { name: "web", namespace: "shop", labels },
  spec: { clusterIP: "10.96.0.20", ports: [{ name: "http", port: 80, protocol: "TCP", targetPort: 8080 }], ...spec },
});

const slice = (endpoints: EndpointSlice["endpoints"]): EndpointSlice => ({
  addressType: "IPv4",
  ports: [{ name: "http", port: 8080, protocol: "TCP" }],
  endpoints,
});

const ready = { addresses: ["10.244.0.5"], nodeName: "one", conditions: { ready: true } };
const remote = { addresses: ["10.244.1.6"], nodeName: "two", conditions: { ready: true } };
const leaving = {
  addresses: ["10.244.0.7"],
  nodeName: "one",
  conditions: { ready: false, serving: true, terminating: true },
};
const broken = { addresses: ["10.244.0.8"], nodeName: "one", conditions: { ready: false, serving: false } };

function ports(one: Service, endpoints: EndpointSlice["endpoints"], zone = "") {
  return listServicePorts([one], () => [slice(endpoints)], { name: "one", zone });
}

const addresses = (list: readonly { address: string }[] | undefined) => list?.map((endpoint) => endpoint.address);

describe("listServicePorts", () => {
  it("routes to ready endpoints on every node", () => {
    const [port] = ports(service({}), [ready, remote, broken]);
    expect(port?.id).toBe("shop/web/tcp/http");
    expect(addresses(port?.internalEndpoints)).toEqual(["10.244.0.5", "10.244.1.6"]);
  });

  it("falls back to endpoints that serve while terminating when none is ready", () => {
    expect(addresses(ports(service({}), [leaving, broken])[0]?.internalEndpoints)).toEqual(["10.244.0.7"]);
    expect(addresses(ports(service({}), [leaving, ready])[0]?.internalEndpoints)).toEqual(["10.244.0.5"]);
  });

  it("tells load balancers of ready endpoints of this node alone, and keeps flows to whatever serves", () => {
    const [port] = ports(service({}), [ready, remote, leaving, broken]);
    expect(port?.localReady).toEqual(["10.244.0.5"]);
    expect([...(port?.serving ?? [])]).toEqual(["10.244.0.5:8080", "10.244.0.7:8080", "10.244.1.6:8080"]);
  });

  it("leaves out endpoints that no rule can lead to, which would keep those of all Services from being set", () => {
    const numbered = (port: number): EndpointSlice => ({
      ...slice([ready]),
      ports: [{ name: "http", port, protocol: "TCP" }],
    });
    const odd = { ...ready, addresses: ["10.244.0.5 } accept"] };
    for (const other of [numbered(0), numbered(-1), numbered(65_536), slice([odd])]) {
      const [port] = listServicePorts([service({})], () => [other, slice([remote])], { name: "one", zone: "" });
      expect(addresses(port?.internalEndpoints)).toEqual(["10.244.1.6"]);
    }
  });

  it("keeps each traffic policy to this node's endpoints on its own", () => {
    const [internal] = ports(service({ internalTrafficPolicy: "Local" }), [ready, remote]);
    expect(addresses(internal?.internalEndpoints)).toEqual(["10.244.0.5"]);
    expect(addresses(internal?.externalEndpoints)).toEqual(["10.244.0.5", "10.244.1.6"]);
    const [external] = ports(service({ externalTrafficPolicy: "Local", nodePort: 1 } as Service["spec"]), [remote]);
    expect(external?.externalEndpoints).toEqual([]);
    expect(external?.hasAnyEndpoint).toBe(true);
  });

  describe("with hints", () => {
    const hinted = (endpoint: typeof ready, zone: string, ...nodes: string[]) => ({
      ...endpoint,
      hints: { forZones: [{ name: zone }], forNodes: nodes.map((name) => ({ name })) },
    });
    const neighbour = { ...ready, addresses: ["10.244.2.9"], nodeName: "three" };
    const reached = (endpoints: EndpointSlice["endpoints"], zone: string) =>
      addresses(ports(service({}), endpoints, zone)[0]?.internalEndpoints);

    it("prefers endpoints for this node, then those for its zone, then takes all", () => {
      const byNode = [hinted(ready, "a", "one"), hinted(neighbour, "a", "three"), hinted(remote, "b", "two")];
      expect(reached(byNode, "a")).toEqual(["10.244.0.5"]);
      expect(reached(byNode.slice(1), "a")).toEqual(["10.244.2.9"]);
      expect(reached(byNode.slice(1), "c")).toEqual(["10.244.1.6", "10.244.2.9"]);
      expect(reached([hinted(ready, "a"), hinted(neighbour, "a"), hinted(remote, "b")], "a")).toHaveLength(2);
    });

    it("takes all where one has none, and what ends where none is ready", () => {
      expect(reached([hinted(ready, "a"), remote], "a")).toHaveLength(2);
      expect(reached([hinted(ready, "a"), hinted(remote, "b"), broken], "a")).toEqual(["10.244.0.5"]);
      expect(reached([leaving, broken], "a")).toEqual(["10.244.0.7"]);
    });

    it("does not let them stand in the way of a policy for this node's endpoints", () => {
      const [port] = ports(service({ externalTrafficPolicy: "Local" }), [hinted(ready, "b"), hinted(remote, "a")], "a");
      expect(addresses(port?.internalEndpoints)).toEqual(["10.244.1.6"]);
      expect(addresses(port?.externalEndpoints)).toEqual(["10.244.0.5"]);
      expect(port?.hasAnyEndpoint).toBe(true);
    });
  });

  it.each([
    ["headless", service({ clusterIP: "None" })],
    ["external name", service({ type: "ExternalName", clusterIP: "10.96.0.20" })],
    ["another proxy's", service({}, { "service.kubernetes.io/service-proxy-name": "other" })],
    ["labelled as headless", service({}, { "service.kubernetes.io/headless": "" })],
    ["IPv6", service({ clusterIP: "fd00::1" })],
  ])("leaves out a service that is %s", (_name, one) => {
    expect(ports(one, [ready])).toEqual([]);
  });

  it("takes the affinity time-out, 3 hours where none is given", () => {
    expect(ports(service({ sessionAffinity: "ClientIP" }), [ready])[0]?.affinitySeconds).toBe(10800);
    const config = { clientIP: { timeoutSeconds: 60 } };
    const [port] = ports(service({ sessionAffinity: "ClientIP", sessionAffinityConfig: config }), [ready]);
    expect(port?.affinitySeconds).toBe(60);
  });
});
