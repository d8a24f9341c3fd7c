/** Makes the components of the node agent's process from the node's configuration and seed. */
import { createEventRecorder } from "../../client/recorder.ts";
import { createKubelet } from "../../kubelet/kubelet.ts";
import type { Component } from "../../lib/component.ts";
import { createHostResolver } from "../../network/dns/host-resolver.ts";
import { createClusterDns } from "../../network/dns/server.ts";
import { createServiceProxy } from "../../network/proxy/proxy.ts";
import { createPodRoutes } from "../../network/routes/pod-routes.ts";
import { createCertificateRotation } from "../certificates/node-certificates.ts";
import { type NodeConfig, nodePaths } from "../config.ts";
import { connectAs, kubeletServingCertificate, readPki } from "./connections.ts";

const addressOf = (config: NodeConfig): string => config.network.address.split("/")[0] as string;

export async function createKubeletComponent(config: NodeConfig): Promise<Component> {
  const { client, informers } = await connectAs("kubelet-client", config);
  const { nodeName } = config;
  return createKubelet({
    client,
    informers,
    recorder: createEventRecorder(client, { component: "kubelet", host: nodeName }),
    nodeName,
    nodeAddress: addressOf(config),
    config,
    // A node that is a container has no disk of its own (systemd's container interface: the variable says what runs it).
    diskIsShared: process.env["container"] !== undefined,
    tls: { serving: await kubeletServingCertificate(config), clientCa: await readPki("ca.crt") },
    paths: {
      runtimeSocket: nodePaths.containerdSocket,
      root: nodePaths.kubelet,
      podLogs: nodePaths.podLogs,
      cniConfig: nodePaths.cniConfig,
      resolver: nodePaths.resolver,
      manifests: nodePaths.manifests,
      cgroups: nodePaths.cgroups,
    },
  });
}

export async function createAgentCertificates(): Promise<Component> {
  return createCertificateRotation("agent");
}

export async function createProxyComponent(config: NodeConfig): Promise<Component> {
  const { informers } = await connectAs("kube-proxy", config);
  const { nodeName, cluster } = config;
  return createServiceProxy({ informers, nodeName, nodeAddress: addressOf(config), podSubnet: cluster.podSubnet });
}

export async function createDnsComponent(config: NodeConfig): Promise<Component> {
  const { informers } = await connectAs("kube-proxy", config);
  const { cluster, network } = config;
  const { nameservers } = network;
  return createClusterDns({ informers, address: addressOf(config), domain: cluster.dnsDomain, nameservers });
}

export function createHostResolverComponent({ network }: NodeConfig): Component {
  const [address] = network.nameservers;
  if (network.throughHost.length === 0 || address === undefined)
    return { name: "host-resolver", start: async (signal) => ({ done: aborted(signal) }) };
  return createHostResolver({
    address,
    network: nodePaths.hostNetwork,
    socket: nodePaths.hostResolverSocket,
    command: [nodePaths.binary, "node", "host-resolver"],
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

export async function createRoutesComponent(config: NodeConfig): Promise<Component> {
  const { informers } = await connectAs("kube-proxy", config);
  const { nodeName, cluster, network } = config;
  return createPodRoutes({ informers, nodeName, podSubnet: cluster.podSubnet, link: network.address });
}
