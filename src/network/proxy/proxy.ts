/**
 * kube-proxy: keeps the node's nftables table equal to what Services and EndpointSlices ask for, in one atomic
 * transaction a change. Fed by informers, feeds the kernel; answers /healthz on 10256, /proxyMode and /metrics on 10249
 * (loopback) and the health check node ports of Services with externalTrafficPolicy Local.
 */

import { endpointSlices, nodes, serviceCIDRs, services } from "../../client/resources.ts";
import type { Informers } from "../../client/types.ts";
import { serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import { systemClock } from "../../lib/clock.ts";
import type { Component } from "../../lib/component.ts";
import { createLogger } from "../../lib/log.ts";
import { internalAddress } from "../routes/pod-routes.ts";
import { createSyncRunner } from "../sync-runner.ts";
import { createHealthServers } from "./health-servers.ts";
import { type ApplyRules, applyRules, forgetUdpFlows, listUdpFlows } from "./nft.ts";
import { buildRuleset, type Ruleset, renderTransaction } from "./ruleset.ts";
import { listServiceCidrs } from "./service-cidrs.ts";
import { listServicePorts, type ProxyServicePort } from "./service-ports.ts";
import { findStaleFlows, mayLeaveStaleFlows, parseFlows } from "./stale-flows.ts";
import { serveStatus } from "./status-server.ts";
import { createSyncStatus, isNodeEligible } from "./sync-status.ts";
import { tuneTracking } from "./tracking-settings.ts";

export interface ServiceProxyOptions {
  readonly informers: Informers;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly podSubnet: string;
  readonly apply?: ApplyRules;
  readonly healthPort?: number;
  readonly statusPort?: number;
}

/** Least time between two transactions; a burst of endpoint changes becomes one. */
const syncIntervalMs = 50;
const serviceIndex = "service";

export function createServiceProxy(options: ServiceProxyOptions): Component {
  const { informers, nodeName, nodeAddress, podSubnet, apply = applyRules } = options;
  const { healthPort = 10256, statusPort = 10249 } = options;
  const log = createLogger("kube-proxy");
  return {
    name: "kube-proxy",
    async start(signal) {
      const serviceInformer = informers.of(services);
      const sliceInformer = informers.of(endpointSlices);
      const cidrInformer = informers.of(serviceCIDRs);
      const nodeInformer = informers.of(nodes);
      sliceInformer.addIndex(serviceIndex, serviceKeys);
      const slicesOf = (namespace: string, name: string): EndpointSlice[] =>
        sliceInformer.lister.byIndex(serviceIndex, `${namespace}/${name}`);

      const status = createSyncStatus(systemClock);
      const nodeEligible = (): boolean => isNodeEligible(nodeInformer.lister.get(nodeName));
      const health = await createHealthServers(healthPort, { status, nodeEligible });
      const closeStatus = await serveStatus(statusPort, status).catch((error: unknown) => {
        health.close();
        throw error;
      });
      const close = (): void => {
        health.close();
        closeStatus();
      };
      let applied: Ruleset | undefined;
      let previousPorts: readonly ProxyServicePort[] = [];
      const sync = async (): Promise<void> => {
        const all = serviceInformer.lister.list();
        const own = nodeInformer.lister.get(nodeName);
        const servicePorts = listServicePorts(all, slicesOf, { name: nodeName, zone: zoneOf(own) });
        const addresses = new Set([nodeAddress, own === undefined ? undefined : internalAddress(own)]);
        const nodeAddresses = [...addresses].filter((address) => address !== undefined);
        const serviceCidrs = listServiceCidrs(cidrInformer.lister.list());
        const next = buildRuleset({ servicePorts, podSubnet, nodeAddresses, serviceCidrs });
        // After a failed transaction the kernel's state is still `applied`; a fresh start rebuilds the whole table.
        await apply(renderTransaction(next, applied));
        applied = next;
        if (mayLeaveStaleFlows(previousPorts, servicePorts)) {
          const flows = parseFlows(await listUdpFlows());
          const former = { ports: previousPorts, serviceCidrs };
          for (const stale of findStaleFlows(flows, servicePorts, former)) await forgetUdpFlows(stale);
        }
        previousPorts = servicePorts;
        health.update(all, servicePorts);
      };

      const runner = createSyncRunner({ sync: () => status.run(sync), log, intervalMs: syncIntervalMs });
      const trigger = (): void => {
        status.queued();
        runner.trigger();
      };
      const handlers = { added: trigger, updated: trigger, deleted: trigger };
      const watched = [serviceInformer, sliceInformer, cidrInformer];
      try {
        await Promise.all([...watched, nodeInformer].map((informer) => informer.synced()));
        await status.run(sync);
        await tuneTracking(log);
      } catch (error) {
        // The ports are wanted again by the next try.
        close();
        throw error;
      }
      const subscriptions = watched.map((informer) => informer.subscribe(handlers));
      subscriptions.push(
        nodeInformer.subscribe({
          updated(node, old) {
            if (node.metadata?.name === nodeName && zoneOf(node) !== zoneOf(old)) trigger();
          },
        }),
      );
      const done = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      return {
        done: done.then(async () => {
          for (const unsubscribe of subscriptions) unsubscribe();
          await runner.stop();
          close();
        }),
      };
    },
  };
}

const zoneOf = (node: Node | undefined): string => node?.metadata?.labels?.["topology.kubernetes.io/zone"] ?? "";

function serviceKeys(slice: EndpointSlice): string[] {
  const name = slice.metadata?.labels?.[serviceNameLabel];
  return name === undefined ? [] : [`${slice.metadata?.namespace}/${name}`];
}
