import { describe, expect, it } from "vitest";
import type { PodSpec } from "../../kinds/generated/core-v1.ts";
import { makePod } from "../testing/runtime-objects.ts";
import { parseResolvConf, podDns } from "./dns.ts";
import { kernelHostname, managedHosts, podHostname } from "./hosts-file.ts";

const host = parseResolvConf("# a\nnameserver 192.168.1.1\nsearch lan. home\noptions timeout:1\n");
const cluster = { address: "10.96.0.10", domain: "cluster.local" };
const clusterSearches = ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"];

describe("podDns", () => {
  it.each<[string, Partial<PodSpec>, object]>([
    [
      "ClusterFirst by default",
      {},
      { servers: ["10.96.0.10"], searches: [...clusterSearches, "lan", "home"], options: ["ndots:5"] },
    ],
    [
      "the node's for pods on its network",
      { dnsPolicy: "ClusterFirst", hostNetwork: true },
      { servers: ["192.168.1.1"], searches: ["lan", "home"], options: ["timeout:1"] },
    ],
    [
      "the cluster's with ClusterFirstWithHostNet",
      { dnsPolicy: "ClusterFirstWithHostNet", hostNetwork: true },
      { servers: ["10.96.0.10"], searches: [...clusterSearches, "lan", "home"], options: ["ndots:5"] },
    ],
    [
      "only the pod's own with None",
      {
        dnsPolicy: "None",
        dnsConfig: {
          nameservers: ["1.1.1.1"],
          searches: ["x.y"],
          options: [{ name: "ndots", value: "2" }, { name: "edns0" }],
        },
      },
      { servers: ["1.1.1.1"], searches: ["x.y"], options: ["ndots:2", "edns0"] },
    ],
    [
      "the pod's own added to the cluster's, its options winning",
      { dnsConfig: { searches: ["lan", "z"], options: [{ name: "ndots", value: "1" }] } },
      { servers: ["10.96.0.10"], searches: [...clusterSearches, "lan", "home", "z"], options: ["ndots:1"] },
    ],
  ])("%s", (_, spec, expected) => {
    expect(podDns(makePod(spec), host, cluster)).toEqual(expected);
  });
});

describe("podHostname", () => {
  it("takes the pod's name, cut to what the kernel takes", () => {
    expect(podHostname(makePod({}, { name: `${"a".repeat(62)}-tail` }), "cluster.local").hostname).toBe("a".repeat(62));
  });

  it("adds the subdomain to the hosts file, and to the host name where asked", () => {
    const pod = makePod({ hostname: "web", subdomain: "sub", setHostnameAsFQDN: true });
    const name = podHostname(pod, "cluster.local");
    expect(kernelHostname(pod, name)).toBe("web.sub.default.svc.cluster.local");
    const hosts = managedHosts(["10.0.0.2"], name, [{ ip: "1.2.3.4", hostnames: ["a", "b"] }]);
    expect(hosts).toContain("10.0.0.2\tweb.sub.default.svc.cluster.local\tweb\n");
    expect(hosts).toContain("# Entries added by HostAliases.\n1.2.3.4\ta\tb\n");
  });
});
