/**
 * Lets pods of different nodes reach each other and the outside. Nodes share a link, so another node's pods are one
 * route away through its address; what leaves the cluster gets the node's address. Fed by Nodes, in which each node writes
 * what it likes about itself: no node takes by that what is another's, or what is none's.
 */
import { execFile } from "node:child_process";
import { isIPv4 } from "node:net";
import { promisify } from "node:util";
import { nodes } from "../../client/resources.ts";
import type { Informers } from "../../client/types.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import { isGlobalUnicast } from "../../kinds/ip-class.ts";
import {
  type Prefix,
  parseAddress,
  parsePrefix,
  prefixContains,
  prefixCovers,
  prefixesOverlap,
} from "../../kinds/ip-prefix.ts";
import { allEnded } from "../../lib/all-ended.ts";
import type { Component } from "../../lib/component.ts";
import { createLogger } from "../../lib/log.ts";
import { type ApplyRules, applyRules } from "../proxy/nft.ts";
import { createSyncRunner } from "../sync-runner.ts";

export interface PodRoute {
  /** Pod CIDR of the other node. */
  readonly destination: string;
  readonly gateway: string;
}

/** The node's IPv4 address as it reports it, which may be any machine's. Undefined where it is no machine's. */
export const internalAddress = (node: Node): string | undefined =>
  node.status?.addresses?.find(
    ({ type, address }) => type === "InternalIP" && isIPv4(address) && isGlobalUnicast(address),
  )?.address;

export interface Surroundings {
  readonly nodeName: string;
  /** CIDR of all pods. */
  readonly podSubnet: string;
  /** CIDR of the link that all nodes are on. */
  readonly link: string;
}

/** The addresses of nodes that are on their link. */
export function nodeAddresses(all: readonly Node[], link: string): string[] {
  return all.flatMap((node) => addressOn(link, node) ?? []);
}

function addressOn(link: string, node: Node): string | undefined {
  const prefix = parsePrefix(link);
  const address = internalAddress(node);
  const parsed = address === undefined ? undefined : parseAddress(address);
  return prefix !== undefined && parsed !== undefined && prefixContains(prefix, parsed) ? address : undefined;
}

/**
 * Routes to every other node that has both an address and a part of the pods' network: this node's own part stays here,
 * and of two nodes that claim the same the older one has it. Sorted.
 */
export function planRoutes(all: readonly Node[], { nodeName, podSubnet, link }: Surroundings): PodRoute[] {
  const whole = parsePrefix(podSubnet);
  const taken: Prefix[] = [];
  const routes: PodRoute[] = [];
  const isOwn = ({ metadata }: Node): boolean => metadata?.name === nodeName;
  for (const node of [...all.filter(isOwn), ...all.filter((one) => !isOwn(one)).sort(byAge)]) {
    const destination = node.spec?.podCIDR ?? "";
    const part = parsePrefix(destination);
    if (part === undefined || whole === undefined || !prefixCovers(whole, part)) continue;
    if (taken.some((other) => prefixesOverlap(other, part))) continue;
    taken.push(part);
    const gateway = addressOn(link, node);
    if (!isOwn(node) && gateway !== undefined) routes.push({ destination, gateway });
  }
  return routes.sort((a, b) => (a.destination < b.destination ? -1 : 1));
}

function byAge({ metadata: a }: Node, { metadata: b }: Node): number {
  const key = (metadata: Node["metadata"]): string => `${metadata?.creationTimestamp ?? ""} ${metadata?.name ?? ""}`;
  return key(a) < key(b) ? -1 : 1;
}

/** The table that masquerades what pods send out of the cluster; traffic between nodes and pods keeps its source. */
export function renderEgress(podSubnet: string, addresses: readonly string[]): string {
  const inside = [podSubnet, ...[...new Set(addresses)].sort()].join(", ");
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

export interface PodRoutesOptions extends Surroundings {
  readonly informers: Informers;
  readonly apply?: ApplyRules;
  readonly setRoutes?: (routes: readonly PodRoute[], stale: readonly PodRoute[]) => Promise<void>;
}

const run = promisify(execFile);

async function setRoutesByIp(routes: readonly PodRoute[], stale: readonly PodRoute[]): Promise<void> {
  // A route that is gone already is as good as one deleted.
  for (const { destination } of stale) await run("ip", ["route", "del", destination]).catch(() => undefined);
  // One that the kernel does not take, since nothing on the link has that address, keeps no other from being set.
  await allEnded(
    routes.map(({ destination, gateway }) => run("ip", ["route", "replace", destination, "via", gateway])),
  );
}

export function createPodRoutes(options: PodRoutesOptions): Component {
  const { informers, podSubnet, link, apply = applyRules, setRoutes = setRoutesByIp } = options;
  return {
    name: "pod-routes",
    async start(signal) {
      const informer = informers.of(nodes);
      let current: PodRoute[] = [];
      let egress = "";
      const sync = async (): Promise<void> => {
        const all = informer.lister.list();
        const wanted = planRoutes(all, options);
        const script = renderEgress(podSubnet, nodeAddresses(all, link));
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
