/**
 * Keeps the Service `kube-system/kube-dns` and its EndpointSlice: every Ready node's own DNS server, so that a pod's
 * questions stay on its node (internalTrafficPolicy Local) and users see what they know from other clusters. Runs once,
 * beside the control plane.
 */
import { endpointSlices, nodes, services } from "../../client/resources.ts";
import type { Client, Informers } from "../../client/types.ts";
import { isNodeReady } from "../../kinds/core/node/node-state.ts";
import { managedByLabel, serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import type { Node, Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import type { Component } from "../../lib/component.ts";
import { createLogger } from "../../lib/log.ts";
import { isAlreadyExists, isNotFound } from "../../machinery/errors/status-error.ts";
import { internalAddress } from "../routes/pod-routes.ts";
import { createSyncRunner } from "../sync-runner.ts";
import { clusterDnsPort } from "./server.ts";

export interface DnsServiceOptions {
  readonly client: Client;
  readonly informers: Informers;
  /** 10.96.0.10 */
  readonly dnsAddress: string;
}

const namespace = "kube-system";
const name = "kube-dns";
const labels = {
  "k8s-app": "kube-dns",
  "kubernetes.io/cluster-service": "true",
  "kubernetes.io/name": "CoreDNS",
};

export function dnsService(dnsAddress: string): Service {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace, labels },
    spec: {
      type: "ClusterIP",
      clusterIP: dnsAddress,
      clusterIPs: [dnsAddress],
      internalTrafficPolicy: "Local",
      ports: [
        { name: "dns", protocol: "UDP", port: 53, targetPort: clusterDnsPort },
        { name: "dns-tcp", protocol: "TCP", port: 53, targetPort: clusterDnsPort },
      ],
    },
  };
}

/** One endpoint a node that has an address; ready as the node is. Sorted by node name. */
export function dnsEndpointSlice(all: readonly Node[]): EndpointSlice {
  const endpoints = all.flatMap((node) => {
    const address = internalAddress(node);
    if (address === undefined) return [];
    const ready = isNodeReady(node);
    const nodeName = node.metadata?.name ?? "";
    return [{ addresses: [address], nodeName, conditions: { ready, serving: ready, terminating: false } }];
  });
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name,
      namespace,
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: "mini" },
    },
    addressType: "IPv4",
    endpoints: endpoints.sort((a, b) => (a.nodeName < b.nodeName ? -1 : 1)),
    ports: [
      { name: "dns", protocol: "UDP", port: clusterDnsPort },
      { name: "dns-tcp", protocol: "TCP", port: clusterDnsPort },
    ],
  };
}

export function createDnsService({ client, informers, dnsAddress }: DnsServiceOptions): Component {
  return {
    name: "dns-service",
    async start(signal) {
      const informer = informers.of(nodes);
      let written = "";
      const sync = async (): Promise<void> => {
        const slice = dnsEndpointSlice(informer.lister.list());
        const next = JSON.stringify(slice);
        if (next === written) return;
        await ensure(() => client.of(services).create(dnsService(dnsAddress)));
        await writeSlice(client, slice);
        written = next;
      };
      const runner = createSyncRunner({ sync, log: createLogger("dns-service"), intervalMs: 200 });
      await informer.synced();
      const { trigger } = runner;
      const unsubscribe = informer.subscribe({ added: trigger, updated: trigger, deleted: trigger });
      trigger();
      const done = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      return {
        done: done.then(async () => {
          unsubscribe();
          await runner.stop();
        }),
      };
    },
  };
}

async function writeSlice(client: Client, slice: EndpointSlice): Promise<void> {
  const slices = client.of(endpointSlices);
  try {
    const current = await slices.get(name, namespace);
    const metadata = { ...slice.metadata, resourceVersion: current.metadata?.resourceVersion };
    await slices.update({ ...slice, metadata });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await slices.create(slice);
  }
}

/** Creates what may be there already. */
async function ensure(create: () => Promise<unknown>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
  }
}
