import { describe, expect, it } from "vitest";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import { type ClusterView, resolveClusterName } from "./records.ts";

const web: Service = {
  metadata: { name: "web", namespace: "shop" },
  spec: { clusterIP: "10.96.0.20", ports: [{ name: "http", port: 80, protocol: "TCP" }] },
};
const database: Service = {
  metadata: { name: "db", namespace: "shop" },
  spec: { clusterIP: "None", ports: [{ name: "sql", port: 5432, protocol: "TCP" }] },
};
const outside: Service = {
  metadata: { name: "outside", namespace: "shop" },
  spec: { type: "ExternalName", externalName: "example.test." },
};
const slice: EndpointSlice = {
  metadata: { namespace: "shop", labels: { "kubernetes.io/service-name": "db" } },
  addressType: "IPv4",
  ports: [{ name: "sql", port: 5432, protocol: "TCP" }],
  endpoints: [
    { addresses: ["10.244.0.5"], hostname: "db-0", conditions: { ready: true } },
    { addresses: ["10.244.0.6"], conditions: { ready: true } },
    { addresses: ["10.244.0.7"], conditions: { ready: false } },
  ],
};
const all = [web, database, outside];
const view: ClusterView = {
  service: (namespace, name) => all.find((one) => one.metadata?.namespace === namespace && one.metadata.name === name),
  slices: (_namespace, name) => (name === "db" ? [slice] : []),
  hasNamespace: (name) => name === "shop",
  servicesByAddress: (address) => all.filter((one) => one.spec?.clusterIP === address),
  slicesByAddress: (address) => (slice.endpoints?.some((one) => one.addresses.includes(address)) ? [slice] : []),
};

const ask = (name: string, type = "A") => resolveClusterName({ name, type }, "cluster.local", view);
const data = (name: string, type = "A") => ask(name, type).answers.map((record) => record.data);

describe("resolveClusterName", () => {
  it.each([
    ["web.shop.svc.cluster.local", "A", ["10.96.0.20"]],
    ["WEB.shop.svc.cluster.local", "A", ["10.96.0.20"]],
    ["db.shop.svc.cluster.local", "A", ["10.244.0.5", "10.244.0.6"]],
    ["db-0.db.shop.svc.cluster.local", "A", ["10.244.0.5"]],
    ["10-244-0-6.db.shop.svc.cluster.local", "A", ["10.244.0.6"]],
    ["10-244-0-9.shop.pod.cluster.local", "A", ["10.244.0.9"]],
    ["outside.shop.svc.cluster.local", "A", ["example.test"]],
    ["20.0.96.10.in-addr.arpa", "PTR", ["web.shop.svc.cluster.local"]],
    ["5.0.244.10.in-addr.arpa", "PTR", ["db-0.db.shop.svc.cluster.local"]],
    ["dns-version.cluster.local", "TXT", ["1.1.0"]],
  ])("answers %s %s", (name, type, expected) => {
    expect(data(name, type)).toEqual(expected);
  });

  it("points SRV records at names that it also resolves", () => {
    const answer = ask("_sql._tcp.db.shop.svc.cluster.local", "SRV");
    expect(answer.answers.map((record) => record.data)).toEqual([
      { priority: 0, weight: 100, port: 5432, target: "db-0.db.shop.svc.cluster.local" },
      { priority: 0, weight: 100, port: 5432, target: "10-244-0-6.db.shop.svc.cluster.local" },
    ]);
    for (const { name, data: address } of answer.additionals) expect(data(name)).toEqual([address]);
  });

  it("tells a missing name from a name without such a record", () => {
    expect(ask("web.shop.svc.cluster.local", "AAAA")).toMatchObject({ kind: "found", answers: [] });
    expect(ask("shop.svc.cluster.local")).toMatchObject({ kind: "found", answers: [] });
    for (const name of ["none.shop.svc", "web.other.svc", "db-9.db.shop.svc", "_x._tcp.web.shop.svc", "other"]) {
      expect(ask(`${name}.cluster.local`).kind, name).toBe("nxdomain");
    }
  });

  it("leaves names outside the cluster to the node's name servers", () => {
    expect(ask("example.test").kind).toBe("forward");
    expect(ask("9.9.9.9.in-addr.arpa", "PTR").kind).toBe("forward");
  });
});
