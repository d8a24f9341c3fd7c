import { describe, expect, it } from "vitest";
import type { ProxyServicePort } from "./service-ports.ts";
import { findStaleFlows, mayLeaveStaleFlows, parseFlows } from "./stale-flows.ts";

function port(addresses: string[], protocol: ProxyServicePort["protocol"] = "udp"): ProxyServicePort {
  const endpoints = addresses.map((address) => ({ address, port: 5353, local: true }));
  return {
    id: "kube-system/dns/udp/",
    namespacedName: "kube-system/dns",
    protocol,
    clusterIP: "10.96.0.10",
    port: 53,
    nodePort: 30053,
    externalIPs: [],
    loadBalancerIPs: [],
    sourceRanges: [],
    externalPolicyLocal: false,
    affinitySeconds: undefined,
    internalEndpoints: endpoints,
    externalEndpoints: endpoints,
    localReady: [],
    serving: new Set(addresses.map((address) => `${address}:5353`)),
    hasAnyEndpoint: endpoints.length > 0,
  };
}

/** As conntrack 1.4 prints them. */
const [toClusterIp, unanswered, toNodePort, elsewhere] = [
  "udp      17 118 src=10.244.0.9 dst=10.96.0.10 sport=4000 dport=53 src=10.244.0.2 dst=10.244.0.9 sport=5353 dport=4000 [ASSURED] mark=0 use=1",
  "udp      17 12 src=10.244.0.9 dst=10.96.0.10 sport=4001 dport=53 [UNREPLIED] src=10.96.0.10 dst=10.244.0.9 sport=53 dport=4001 mark=0 use=1",
  "udp      17 28 src=192.168.39.1 dst=192.168.39.2 sport=4002 dport=30053 [UNREPLIED] src=10.244.0.2 dst=10.244.0.1 sport=5353 dport=4002 mark=0 use=1",
  "udp      17 28 src=192.168.39.2 dst=9.9.9.9 sport=4003 dport=53 src=9.9.9.9 dst=192.168.39.2 sport=53 dport=4003 mark=0 use=1",
] as const;
const flows = parseFlows([toClusterIp, unanswered, toNodePort, elsewhere, ""].join("\n"));

const formerly = (...ports: ProxyServicePort[]) => ({ ports, serviceCidrs: [] });

describe("stale flows", () => {
  it("go to an endpoint that serves no more, by cluster IP or node port, or to none at all", () => {
    expect(findStaleFlows(flows, [port(["10.244.0.3"])])).toEqual([
      { destination: "10.96.0.10", destinationPort: 53, answeredFrom: "10.244.0.2", answeredFromPort: 5353 },
      { destination: "10.96.0.10", destinationPort: 53, answeredFrom: "10.96.0.10", answeredFromPort: 53 },
      { destination: "192.168.39.2", destinationPort: 30053, answeredFrom: "10.244.0.2", answeredFromPort: 5353 },
    ]);
  });

  it("are not those to an endpoint that serves", () => {
    expect(findStaleFlows(parseFlows(toClusterIp), [port(["10.244.0.2", "10.244.0.3"])])).toEqual([]);
  });

  it("are those to the last endpoint, when that goes, and those of a Service that goes", () => {
    const led = [
      { destination: "10.96.0.10", destinationPort: 53, answeredFrom: "10.244.0.2", answeredFromPort: 5353 },
      { destination: "192.168.39.2", destinationPort: 30053, answeredFrom: "10.244.0.2", answeredFromPort: 5353 },
    ];
    expect(findStaleFlows(flows, [port([])])).toEqual(led);
    expect(findStaleFlows(flows, [], formerly(port(["10.244.0.2"])))).toEqual(led);
    expect(findStaleFlows(flows, [port(["10.244.0.2"])], formerly(port(["10.244.0.2"])))).toHaveLength(1);
  });

  it("are those to a Service that went while nobody looked, by the range of its address", () => {
    const found = (...serviceCidrs: string[]) => findStaleFlows(flows, [], { ports: [], serviceCidrs });
    expect(found("10.96.0.0/16")).toEqual([
      { destination: "10.96.0.10", destinationPort: 53, answeredFrom: "10.244.0.2", answeredFromPort: 5353 },
    ]);
    expect(found("10.97.0.0/16", "fd00::/112", "none")).toEqual([]);
  });

  it("are those by any of a Service's addresses", () => {
    const gone = { ...port(["10.244.0.2"]), clusterIP: "10.96.0.99", nodePort: undefined };
    expect(findStaleFlows(flows, [], formerly({ ...gone, externalIPs: ["10.96.0.10"] }))).toHaveLength(1);
    expect(findStaleFlows(flows, [], formerly({ ...gone, loadBalancerIPs: ["10.96.0.10"] }))).toHaveLength(1);
    expect(findStaleFlows(flows, [], formerly(gone))).toEqual([]);
  });

  it("are not those of another protocol", () => {
    expect(findStaleFlows(flows, [port(["10.244.0.3"], "tcp")], formerly(port(["10.244.0.2"], "tcp")))).toEqual([]);
  });

  it("are looked for when UDP endpoints change", () => {
    expect(mayLeaveStaleFlows([port(["10.244.0.2"])], [port(["10.244.0.2"])])).toBe(false);
    expect(mayLeaveStaleFlows([port(["10.244.0.2"], "tcp")], [port([], "tcp")])).toBe(false);
    expect(mayLeaveStaleFlows([port(["10.244.0.2"])], [port(["10.244.0.3"])])).toBe(true);
    expect(mayLeaveStaleFlows([port(["10.244.0.2"])], [port([])])).toBe(true);
    expect(mayLeaveStaleFlows([port([])], [])).toBe(true);
  });
});
