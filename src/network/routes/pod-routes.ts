/**
 * Lets pods of different nodes reach each other and the outside. Nodes share a link, so another node's pods are one
 * route away through its address; what leaves the cluster gets the node's address. Fed by Nodes.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { nodes } from "../../client/resources.ts";
import type { Informers } from "../../client/types.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import type { Component } from "../../lib/component.ts";
import { createLogger } from "../../lib/log.ts";
import { type ApplyRules, applyRules } from "../proxy/nft.ts";
import { createSyncRunner } from "../sync-runner.ts";

export interface PodRoute {
  /** Pod CIDR of the other node. */
  readonly destination: string;
  readonly gateway: string;
}

export const internalAddress = (node: Node): string | undefined =>
  node.status?.addresses?.find(({ type, address }) => type === "InternalIP" && !address.includes(":"))?.address;

/** Routes to every other node that has both a pod CIDR and an address. Sorted. */
export function planRoutes(all: readonly Node[], nodeName: string): PodRoute[] {
  const routes = all.flatMap((node) => {
    const gateway = internalAddress(node);
    const destination = node.spec?.podCIDR;
    if (node.metadata?.name === nodeName || gateway === undefined || destination === undefined) return [];
    return [{ destination, gateway }];
  });
  return routes.sort((a, b) => (a.destination < b.destination ? -1 : 1));
}

/** The table that masquerades what pods send out of the cluster; traffic between nodes and pods keeps its source. */
export function renderEgress(podSubnet: string, nodeAddresses: readonly string[]): string {
  const inside = [podSubnet, ...[...nodeAddresses].sort()].join(", ");
  return `add table ip mini-egress
delete table ip mini-egress
table ip mini-egress {
  chain postrouting {
    type nat hook postrouting priority 100;
    ip saddr ${podSubnet} ip daddr != { ${inside} } ip daddr != 224.0.0.0/4 masquerade
  }
}
`;
}

export interface PodRoutesOptions {
  readonly informers: Informers;
  readonly nodeName: string;
  readonly podSubnet: string;
  readonly apply?: ApplyRules;
  readonly setRoutes?: (routes: readonly PodRoute[], stale: readonly PodRoute[]) => Promise<void>;
}

const run = promisify(execFile);

async function setRoutesByIp(routes: readonly PodRoute[], stale: readonly PodRoute[]): Promise<void> {
  // A route that is gone already is as good as one deleted.
  for (const { destination } of stale) await run("ip", ["route", "del", destination]).catch(() => undefined);
  for (const { destination, gateway } of routes) {
    await run("ip", ["route", "replace", destination, "via", gateway]);
  }
}

export function createPodRoutes(options: PodRoutesOptions): Component {
  const { informers, nodeName, podSubnet, apply = applyRules, setRoutes = setRoutesByIp } = options;
  return {
    name: "pod-routes",
    async start(signal) {
      const informer = informers.of(nodes);
      let current: PodRoute[] = [];
      let egress = "";
      const sync = async (): Promise<void> => {
        const all = informer.lister.list();
        const wanted = planRoutes(all, nodeName);
        const script = renderEgress(
          podSubnet,
          all.map(internalAddress).filter((one) => one !== undefined),
        );
        if (script !== egress) await apply(script);
        egress = script;
        const kept = new Set(current.map((route) => JSON.stringify(route)));
        const added = wanted.filter((route) => !kept.has(JSON.stringify(route)));
        const destinations = new Set(wanted.map((route) => route.destination));
        await setRoutes(
          added,
          current.filter((route) => !destinations.has(route.destination)),
        );
        current = wanted;
      };
      const runner = createSyncRunner({ sync, log: createLogger("pod-routes"), intervalMs: 100 });
      await informer.synced();
      await sync();
      const { trigger } = runner;
      const unsubscribe = informer.subscribe({ added: trigger, updated: trigger, deleted: trigger });
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
