/**
 * UDP has no connections, so a tracked flow keeps going to an endpoint that is gone, or to nowhere from the time before
 * there was one. Finds the flows that must be forgotten after a change.
 */
import type { ProxyServicePort } from "./service-ports.ts";

export interface StaleFlow {
  readonly originalDestination: string;
  /** Endpoint that is gone; undefined: all flows to the address. */
  readonly translated?: string;
}

const addressesOf = (port: ProxyServicePort): string[] => [
  port.clusterIP,
  ...port.externalIPs,
  ...port.loadBalancerIPs,
];

const endpointsOf = (port: ProxyServicePort): Set<string> =>
  new Set([...port.internalEndpoints, ...port.externalEndpoints].map((endpoint) => endpoint.address));

export function findStaleUdpFlows(
  previous: readonly ProxyServicePort[],
  current: readonly ProxyServicePort[],
): StaleFlow[] {
  const before = new Map(previous.filter((port) => port.protocol === "udp").map((port) => [port.id, port]));
  const after = new Map(current.filter((port) => port.protocol === "udp").map((port) => [port.id, port]));
  const stale: StaleFlow[] = [];
  for (const [id, old] of before) {
    const now = after.get(id);
    const remaining = now === undefined ? new Set<string>() : endpointsOf(now);
    for (const translated of endpointsOf(old)) {
      if (remaining.has(translated)) continue;
      for (const originalDestination of addressesOf(old)) stale.push({ originalDestination, translated });
    }
  }
  for (const [id, now] of after) {
    const hadEndpoints =
      endpointsOf(before.get(id) ?? { ...now, internalEndpoints: [], externalEndpoints: [] }).size > 0;
    if (hadEndpoints || endpointsOf(now).size === 0) continue;
    for (const originalDestination of addressesOf(now)) stale.push({ originalDestination });
  }
  return stale;
}
