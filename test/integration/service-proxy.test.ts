/**
 * The proxy's ruleset in a real kernel: a node and three pods as network namespaces on a bridge, TCP servers in the
 * pods, and connections through the cluster IP and the node port.
 */
import { once } from "node:events";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forgetArguments } from "../../src/network/proxy/nft.ts";
import { buildRuleset, type Ruleset, renderTransaction } from "../../src/network/proxy/ruleset.ts";
import type { ProxyEndpoint, ProxyServicePort } from "../../src/network/proxy/service-ports.ts";
import { findStaleFlows, parseFlows } from "../../src/network/proxy/stale-flows.ts";

const prefix = `mnp${process.pid}`;
const node = `${prefix}-node`;
const podSubnet = "10.244.7.0/24";
const nodeAddress = "192.0.2.1";
const pods = ["10.244.7.2", "10.244.7.3", "10.244.7.4"] as const;
const podName = (index: number): string => `${prefix}-pod${index}`;

const run = (namespace: string, ...command: string[]) => execa("ip", ["netns", "exec", namespace, ...command]);
const servers: AbortController[] = [];

/** Answers every connection with the pod's own address and the client's, one line. */
const serverSource = `
const { createServer } = require("node:net");
const server = createServer((socket) => socket.end(process.argv[1] + " " + socket.remoteAddress));
server.listen(8080, process.argv[1], () => console.log("listening"));`;
const clientSource = `
const socket = require("node:net").connect({ host: process.argv[1], port: Number(process.argv[2]), timeout: 5000 });
socket.on("data", (data) => console.log(String(data)));
socket.on("timeout", () => { console.log("timeout"); socket.destroy(); });
socket.on("error", (error) => console.log(error.code));`;

async function connect(from: string, address: string, port: number): Promise<string> {
  const { stdout } = await run(from, process.execPath, "-e", clientSource, address, String(port));
  return stdout.trim();
}

const endpoint = (address: string): ProxyEndpoint => ({ address, port: 8080, local: true });

function servicePort(change: Partial<ProxyServicePort> = {}): ProxyServicePort {
  const endpoints = [endpoint(pods[0]), endpoint(pods[1])];
  return {
    id: "default/web/tcp/http",
    namespacedName: "default/web",
    protocol: "tcp",
    clusterIP: "10.96.0.20",
    port: 80,
    nodePort: 30080,
    externalIPs: [],
    loadBalancerIPs: [],
    sourceRanges: [],
    externalPolicyLocal: false,
    affinitySeconds: undefined,
    internalEndpoints: endpoints,
    externalEndpoints: endpoints,
    localReady: [],
    serving: new Set(endpoints.map(({ address, port }) => `${address}:${port}`)),
    hasAnyEndpoint: true,
    ...change,
  };
}

let applied: Ruleset | undefined;
let serviceCidrs: string[] = [];

async function apply(...servicePorts: ProxyServicePort[]): Promise<void> {
  const next = buildRuleset({ servicePorts, podSubnet, nodeAddresses: [nodeAddress], serviceCidrs });
  await execa("ip", ["netns", "exec", node, "nft", "-f", "-"], { input: renderTransaction(next, applied) });
  applied = next;
}

async function addPod(index: number, address: string): Promise<void> {
  const pod = podName(index);
  await execa("ip", ["netns", "add", pod]);
  await run(node, "ip", "link", "add", `veth${index}`, "type", "veth", "peer", "name", "eth0", "netns", pod);
  await run(node, "ip", "link", "set", `veth${index}`, "master", "cni0", "up");
  await run(node, "bridge", "link", "set", "dev", `veth${index}`, "hairpin", "on");
  await run(pod, "ip", "link", "set", "lo", "up");
  await run(pod, "ip", "address", "add", `${address}/24`, "dev", "eth0");
  await run(pod, "ip", "link", "set", "eth0", "up");
  await run(pod, "ip", "route", "add", "default", "via", "10.244.7.1");
}

const serve = (index: number, address: string): Promise<void> => serveIn(podName(index), address);

async function serveIn(namespace: string, address: string): Promise<void> {
  const controller = new AbortController();
  servers.push(controller);
  const child = execa("ip", ["netns", "exec", namespace, process.execPath, "-e", serverSource, address], {
    cancelSignal: controller.signal,
    reject: false,
  });
  await once(child.stdout, "data");
}

/** Answers every datagram with the pod's own address. */
const udpServerSource = `
const socket = require("node:dgram").createSocket("udp4");
socket.on("message", (_, from) => socket.send(process.argv[1], from.port, from.address));
socket.bind(8080, process.argv[1], () => console.log("listening"));`;
/** For each line with an address and a port, from one port for each of them: what answers, or the error's code. */
const udpClientSource = `
const { createSocket } = require("node:dgram");
const sockets = new Map();
function socketTo(line) {
  const [address, port] = line.split(" ");
  const socket = createSocket("udp4").on("message", (text) => console.log(String(text))).on("error", (error) => console.log(error.code));
  return new Promise((resolve) => socket.connect(Number(port), address, () => resolve(socket)));
}
require("node:readline").createInterface({ input: process.stdin }).on("line", async (line) => {
  if (!sockets.has(line)) sockets.set(line, await socketTo(line));
  sockets.get(line).send("?");
});`;

async function serveUdp(index: number): Promise<void> {
  const controller = new AbortController();
  servers.push(controller);
  const command = ["netns", "exec", podName(index), process.execPath, "-e", udpServerSource, pods[index] as string];
  const child = execa("ip", command, { cancelSignal: controller.signal, reject: false });
  await once(child.stdout, "data");
}

/** A client that keeps its sockets, so that its packets belong to one flow. */
function talkUdp(namespace: string): { ask(address: string, port: number): Promise<string> } {
  const controller = new AbortController();
  servers.push(controller);
  const command = ["netns", "exec", namespace, process.execPath, "-e", udpClientSource];
  const child = execa("ip", command, { cancelSignal: controller.signal, reject: false });
  return {
    async ask(address, port) {
      const answer = once(child.stdout, "data");
      child.stdin.write(`${address} ${port}\n`);
      return String((await answer)[0]).trim();
    },
  };
}

beforeAll(async () => {
  await execa("ip", ["netns", "add", node]);
  await run(node, "ip", "link", "set", "lo", "up");
  await run(node, "ip", "address", "add", `${nodeAddress}/32`, "dev", "lo");
  await run(node, "ip", "link", "add", "cni0", "type", "bridge");
  await run(node, "ip", "address", "add", "10.244.7.1/24", "dev", "cni0");
  await run(node, "ip", "link", "set", "cni0", "up");
  await run(node, "ip", "link", "add", "uplink", "type", "bridge");
  await run(node, "ip", "link", "set", "uplink", "up");
  await run(node, "ip", "route", "add", "default", "dev", "uplink");
  await run(node, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.bridge.bridge-nf-call-iptables=1");
  for (const [index, address] of pods.entries()) await addPod(index, address);
  await Promise.all([serve(0, pods[0]), serve(1, pods[1])]);
});

afterAll(async () => {
  for (const controller of servers) controller.abort();
  for (const name of [...pods.keys()].map(podName)) await execa("ip", ["netns", "del", name], { reject: false });
  await execa("ip", ["netns", "del", node], { reject: false });
});

describe("the service proxy's ruleset", () => {
  it("spreads connections from a pod over the endpoints and keeps its address", async () => {
    await apply(servicePort());
    const answers = new Set<string>();
    for (let count = 0; count < 40 && answers.size < 2; count += 1) {
      answers.add(await connect(podName(2), "10.96.0.20", 80));
    }
    expect([...answers].sort()).toEqual([`${pods[0]} ${pods[2]}`, `${pods[1]} ${pods[2]}`]);
  });

  it("lets a pod reach itself through its service", async () => {
    await apply(servicePort({ internalEndpoints: [endpoint(pods[0])] }));
    expect(await connect(podName(0), "10.96.0.20", 80)).toBe(`${pods[0]} 10.244.7.1`);
  });

  it("serves the node port on the node's address", async () => {
    await apply(servicePort({ externalEndpoints: [endpoint(pods[1])] }));
    expect(await connect(podName(2), nodeAddress, 30080)).toMatch(new RegExp(`^${pods[1]} `));
    expect(await connect(node, nodeAddress, 30080)).toMatch(new RegExp(`^${pods[1]} `));
  });

  it("refuses connections to a service without endpoints, and to ports it does not have", async () => {
    await apply(servicePort({ internalEndpoints: [], externalEndpoints: [], hasAnyEndpoint: false }));
    expect(await connect(podName(2), "10.96.0.20", 80)).toBe("ECONNREFUSED");
    expect(await connect(podName(2), nodeAddress, 30080)).toBe("ECONNREFUSED");
    await apply(servicePort());
    expect(await connect(podName(2), "10.96.0.20", 81)).toBe("ECONNREFUSED");
  });

  it("drops what goes to an address for services that none has, from pods and from the node", async () => {
    const unallocated = "10.96.0.99";
    await run(podName(1), "ip", "address", "add", `${unallocated}/32`, "dev", "eth0");
    await run(node, "ip", "route", "add", unallocated, "via", pods[1]);
    await serve(1, unallocated);
    await apply(servicePort());
    expect(await connect(podName(2), unallocated, 8080)).toMatch(unallocated);
    expect(await connect(node, unallocated, 8080)).toMatch(unallocated);
    serviceCidrs = ["10.96.0.0/24", "198.51.100.0/24"];
    await apply(servicePort());
    expect(await connect(podName(2), unallocated, 8080)).toBe("timeout");
    expect(await connect(node, unallocated, 8080)).toBe("timeout");
    expect(await connect(podName(2), "10.96.0.20", 80)).toMatch(/^10\.244\.7\.[23] /);
    expect(await connect(podName(2), "10.96.0.20", 81)).toBe("ECONNREFUSED");
  });

  it("keeps a client on its endpoint with client IP affinity, across transactions", async () => {
    await apply(servicePort({ affinitySeconds: 600 }));
    const first = await connect(podName(2), "10.96.0.20", 80);
    await apply(
      servicePort({ affinitySeconds: 600 }),
      servicePort({ id: "default/other/tcp/", clusterIP: "10.96.0.21" }),
    );
    for (let count = 0; count < 8; count += 1) expect(await connect(podName(2), "10.96.0.20", 80)).toBe(first);
  });

  it("drops what a load balancer's source ranges exclude", async () => {
    const balanced = { loadBalancerIPs: ["203.0.113.9"], nodePort: undefined };
    await apply(servicePort({ ...balanced, sourceRanges: [`${pods[2]}/32`] }));
    expect(await connect(podName(2), "203.0.113.9", 80)).toMatch(/^10\.244\.7\.[23] /);
    await apply(servicePort({ ...balanced, sourceRanges: ["198.51.100.0/24"] }));
    expect(await connect(podName(2), "203.0.113.9", 80)).toBe("timeout");
  });

  it("lets nobody but the node reach what listens on its loopback addresses", async () => {
    await serveIn(node, "127.0.0.1");
    // As on a node, for host ports; and in the pod, whose packets to the node's 127.0.0.1 shall leave it.
    for (const namespace of [node, podName(2)])
      await run(namespace, "sysctl", "-qw", "net.ipv4.conf.all.route_localnet=1");
    await run(podName(2), "ip", "address", "del", "127.0.0.1/8", "dev", "lo");
    await run(podName(2), "ip", "route", "add", "127.0.0.1", "via", "10.244.7.1");
    await run(node, "nft", "delete", "table", "ip", "kube-proxy");
    applied = undefined;
    expect(await connect(podName(2), "127.0.0.1", 8080)).toBe(`127.0.0.1 ${pods[2]}`);
    await apply(servicePort());
    expect(await connect(podName(2), "127.0.0.1", 8080)).toBe("timeout");
    expect(await connect(node, "127.0.0.1", 8080)).toBe("127.0.0.1 127.0.0.1");
  });

  it("ends flows of UDP when their last endpoint goes, and when their service does", async () => {
    const addresses = { externalIPs: ["198.51.100.7"], loadBalancerIPs: ["203.0.113.9"], nodePort: 30053 };
    const udpService = (...to: string[]): ProxyServicePort => {
      const endpoints = to.map(endpoint);
      return servicePort({
        ...{ id: "default/names/udp/dns", protocol: "udp", port: 53, ...addresses },
        ...{ internalEndpoints: endpoints, externalEndpoints: endpoints, hasAnyEndpoint: to.length > 0 },
        serving: new Set(to.map((address) => `${address}:8080`)),
      });
    };
    const list = async () => parseFlows((await run(node, "conntrack", "-L", "-p", "udp")).stdout);
    const leadingTo = async (pod: string) =>
      (await list()).filter(({ answeredFrom }) => answeredFrom === pod).map(({ destination }) => destination);
    let previous: ProxyServicePort[] = [];
    const change = async (...next: ProxyServicePort[]): Promise<void> => {
      await apply(...next);
      const stale = findStaleFlows(await list(), next, { ports: previous, serviceCidrs: [] });
      for (const one of stale) await run(node, "conntrack", ...forgetArguments(one));
      previous = next;
    };
    const targets = [
      ["10.96.0.20", 53],
      ["198.51.100.7", 53],
      ["203.0.113.9", 53],
      [nodeAddress, 30053],
    ] as const;
    const everywhere = targets.map(([address]) => address).sort();
    serviceCidrs = [];
    await Promise.all([serveUdp(0), serveUdp(1)]);
    const client = talkUdp(podName(2));

    await change(udpService(pods[0]));
    for (const [address, port] of targets) expect(await client.ask(address, port)).toBe(pods[0]);
    expect((await leadingTo(pods[0])).sort()).toEqual(everywhere);
    await change(udpService());
    expect(await leadingTo(pods[0])).toEqual([]);
    for (const [address, port] of targets) expect(await client.ask(address, port)).toBe("ECONNREFUSED");
    await change(udpService(pods[1]));
    for (const [address, port] of targets) expect(await client.ask(address, port)).toBe(pods[1]);
    expect((await leadingTo(pods[1])).sort()).toEqual(everywhere);
    await change();
    expect(await leadingTo(pods[1])).toEqual([]);
  });

  it("removes a service without a trace", async () => {
    await apply();
    const { stdout } = await run(node, "nft", "list", "table", "ip", "kube-proxy");
    expect(stdout).not.toContain("default/");
    expect(stdout).not.toContain("10.96.0.20");
  });
});
