import { expect, it } from "vitest";
import type { ProxyServicePort } from "./service-ports.ts";
import { findStaleUdpFlows } from "./stale-flows.ts";

function port(addresses: string[], protocol: ProxyServicePort["protocol"] = "udp"): ProxyServicePort {
  const endpoints = addresses.map((address) => ({ address, port: 53, local: true }));
  return {
    id: "kube-system/dns/udp/",
    namespacedName: "kube-system/dns",
    protocol,
    clusterIP: "10.96.0.10",
    port: 53,
    nodePort: undefined,
    externalIPs: [],
    loadBalancerIPs: [],
    sourceRanges: [],
    externalPolicyLocal: false,
    affinitySeconds: undefined,
    internalEndpoints: endpoints,
    externalEndpoints: endpoints,
    hasAnyEndpoint: endpoints.length > 0,
  };
}

it("forgets flows to a removed endpoint, and only those", () => {
  expect(findStaleUdpFlows([port(["10.244.0.2", "10.244.0.3"])], [port(["10.244.0.3"])])).toEqual([
    { originalDestination: "10.96.0.10", translated: "10.244.0.2" },
  ]);
});

it("forgets flows that went nowhere once the first endpoint appears", () => {
  expect(findStaleUdpFlows([port([])], [port(["10.244.0.2"])])).toEqual([{ originalDestination: "10.96.0.10" }]);
});

it("leaves TCP and unchanged ports alone", () => {
  expect(findStaleUdpFlows([port(["10.244.0.2"], "tcp")], [])).toEqual([]);
  expect(findStaleUdpFlows([port(["10.244.0.2"])], [port(["10.244.0.2"])])).toEqual([]);
});
