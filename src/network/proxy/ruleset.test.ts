import { expect, it } from "vitest";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import { buildRuleset } from "./ruleset.ts";
import { listServicePorts } from "./service-ports.ts";

const service = (namespace: string, spec: Service["spec"]): Service => ({
  metadata: { name: "web", namespace },
  spec: { ports: [{ name: "", port: 443, protocol: "TCP" }], ...spec },
});
const slice: EndpointSlice = {
  addressType: "IPv4",
  ports: [{ name: "", port: 443, protocol: "TCP" }],
  endpoints: [{ addresses: ["10.244.0.5"], conditions: { ready: true } }],
};

it("gives nobody the cluster IP of another Service by an external one, whichever comes first", () => {
  const victim = service("default", { clusterIP: "10.96.0.1" });
  const thief = service("attack", { clusterIP: "10.96.0.9", externalIPs: ["10.96.0.1", "192.0.2.1"] });
  for (const slicesOf of [() => [slice], (namespace: string) => (namespace === "attack" ? [slice] : [])]) {
    const servicePorts = listServicePorts([thief, victim], slicesOf, { name: "one", zone: "" });
    const input = { servicePorts, podSubnet: "10.244.0.0/16", nodeAddresses: [], serviceCidrs: [] };
    const led = buildRuleset(input).elements.get("service-ips") ?? [];
    const keys = led.map((element) => element.split(" : "));
    expect(keys.filter(([, verdict]) => verdict?.includes("attack")).map(([key]) => key)).toEqual([
      "10.96.0.9 . tcp . 443",
      "192.0.2.1 . tcp . 443",
    ]);
  }
});
