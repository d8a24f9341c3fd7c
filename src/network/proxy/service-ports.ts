/**
 * What the proxy must route, worked out from Services and EndpointSlices: one entry for each port of each Service that
 * has a cluster IP. Pure; the ruleset is rendered from it.
 */
import { isIPv4 } from "node:net";
import type { Service, ServicePort as ServicePortSpec } from "../../kinds/generated/core-v1.ts";
import type { Endpoint, EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import { parsePrefix } from "../../kinds/ip-prefix.ts";

export type Protocol = "tcp" | "udp" | "sctp";

export interface ProxyEndpoint {
  readonly address: string;
  readonly port: number;
  /** On this node. */
  readonly local: boolean;
}

export interface ProxyServicePort {
  /** `namespace/name/tcp/port-name`: unique, stable, used in chain names. */
  readonly id: string;
  readonly namespacedName: string;
  readonly protocol: Protocol;
  readonly clusterIP: string;
  readonly port: number;
  readonly nodePort: number | undefined;
  /** spec.externalIPs. */
  readonly externalIPs: readonly string[];
  readonly loadBalancerIPs: readonly string[];
  /** CIDRs that may reach the load balancer IPs; empty: all. */
  readonly sourceRanges: readonly string[];
  readonly externalPolicyLocal: boolean;
  /** Seconds of client IP affinity, undefined for none. */
  readonly affinitySeconds: number | undefined;
  /** Where traffic to the cluster IP goes. */
  readonly internalEndpoints: readonly ProxyEndpoint[];
  /** Where traffic from outside goes. */
  readonly externalEndpoints: readonly ProxyEndpoint[];
  /** Addresses of endpoints on this node that are ready: what load balancers ask for. */
  readonly localReady: readonly string[];
  /** `address:port` of all that serve, terminating ones included, whatever traffic policies say. */
  readonly serving: ReadonlySet<string>;
  /** Whether there is any endpoint in the cluster: decides between reject and drop where the lists are empty. */
  readonly hasAnyEndpoint: boolean;
}

/** The node that the proxy serves. */
export interface ProxyNode {
  readonly name: string;
  /** Its label topology.kubernetes.io/zone; empty without one. */
  readonly zone: string;
}

interface Candidate extends ProxyEndpoint {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly hints: Endpoint["hints"];
}

const isIPv4Range = (range: string): boolean => parsePrefix(range)?.family === 4;
const highestPort = 65_535;

/** `slicesOf(namespace, name)` gives the Service's EndpointSlices; IPv4 only. Sorted by id. */
export function listServicePorts(
  services: readonly Service[],
  slicesOf: (namespace: string, name: string) => readonly EndpointSlice[],
  node: ProxyNode,
): ProxyServicePort[] {
  const result = services.filter(isProxied).flatMap((service) => {
    const all = slicesOf(service.metadata?.namespace ?? "", service.metadata?.name ?? "");
    const slices = all.filter((slice) => !isForeign(slice));
    return (service.spec?.ports ?? []).map((port) => describePort(service, port, slices, node));
  });
  return result.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Another program's business, or nobody's: Services and EndpointSlices with these labels do not exist for a proxy. */
const foreignLabels = ["service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"];

function isForeign({ metadata }: Service | EndpointSlice): boolean {
  return foreignLabels.some((label) => metadata?.labels?.[label] !== undefined);
}

function isProxied(service: Service): boolean {
  const { clusterIP, type } = service.spec ?? {};
  if (isForeign(service)) return false;
  return (
    type !== "ExternalName" && clusterIP !== undefined && clusterIP !== "" && clusterIP !== "None" && isIPv4(clusterIP)
  );
}

function describePort(
  service: Service,
  port: ServicePortSpec,
  slices: readonly EndpointSlice[],
  node: ProxyNode,
): ProxyServicePort {
  const { metadata, spec = {}, status } = service;
  const protocol = (port.protocol ?? "TCP").toLowerCase() as Protocol;
  const namespacedName = `${metadata?.namespace}/${metadata?.name}`;
  const candidates = listCandidates(slices, port.name ?? "", node.name);
  const local = candidates.filter((candidate) => candidate.local);
  const inCluster = chooseUsable(chooseNear(candidates, node));
  const ingress = status?.loadBalancer?.ingress ?? [];
  const externalPolicyLocal = spec.externalTrafficPolicy === "Local";
  const clientIP = spec.sessionAffinity === "ClientIP";
  return {
    id: `${namespacedName}/${protocol}/${port.name ?? ""}`,
    namespacedName,
    protocol,
    clusterIP: spec.clusterIP as string,
    port: port.port,
    nodePort: port.nodePort === 0 ? undefined : port.nodePort,
    externalIPs: (spec.externalIPs ?? []).filter(isIPv4),
    loadBalancerIPs: ingress
      .filter((one) => one.ip !== undefined && isIPv4(one.ip) && one.ipMode !== "Proxy")
      .map((one) => one.ip as string),
    sourceRanges: (spec.loadBalancerSourceRanges ?? []).map((range) => range.trim()).filter(isIPv4Range),
    externalPolicyLocal,
    affinitySeconds: clientIP ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800) : undefined,
    internalEndpoints: spec.internalTrafficPolicy === "Local" ? chooseUsable(local) : inCluster,
    externalEndpoints: externalPolicyLocal ? chooseUsable(local) : inCluster,
    localReady: candidates.filter(({ local, ready }) => local && ready).map(({ address }) => address),
    serving: new Set(candidates.filter((one) => one.serving).map(({ address, port }) => `${address}:${port}`)),
    hasAnyEndpoint: inCluster.length > 0,
  };
}

function listCandidates(slices: readonly EndpointSlice[], portName: string, nodeName: string): Candidate[] {
  const byAddress = new Map<string, Candidate>();
  for (const slice of slices) {
    const port = (slice.ports ?? []).find((one) => (one.name ?? "") === portName)?.port;
    if (slice.addressType !== "IPv4" || port === undefined) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const candidate = describeEndpoint(endpoint, port, nodeName);
      if (candidate !== undefined) byAddress.set(`${candidate.address}:${port}`, candidate);
    }
  }
  return [...byAddress].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, candidate]) => candidate);
}

function describeEndpoint(endpoint: Endpoint, port: number, nodeName: string): Candidate | undefined {
  const { ready, serving, terminating } = endpoint.conditions ?? {};
  const address = endpoint.addresses[0];
  // The API takes any number for a port, and one rule that the kernel refuses would stop those of every Service.
  if (address === undefined || !isIPv4(address) || port < 1 || port > highestPort) return undefined;
  return {
    address,
    port,
    local: endpoint.nodeName === nodeName,
    ready: ready ?? true,
    serving: serving ?? ready ?? true,
    terminating: terminating ?? false,
    hints: endpoint.hints,
  };
}

/**
 * Those that the hints keep for this node, or for its zone, where every ready endpoint has such a hint and one of them is
 * for here (KEP-2433, KEP-3015); otherwise all of them.
 */
function chooseNear(candidates: readonly Candidate[], { name, zone }: ProxyNode): readonly Candidate[] {
  const ready = candidates.filter((candidate) => candidate.ready);
  const prefer = (field: "forNodes" | "forZones", place: string): Candidate[] | undefined => {
    if (!ready.every(({ hints }) => hints?.[field]?.length)) return undefined;
    const near = ready.filter(({ hints }) => hints?.[field]?.some((one) => one.name === place));
    return near.length > 0 ? near : undefined;
  };
  return prefer("forNodes", name) ?? prefer("forZones", zone) ?? candidates;
}

/** Ready endpoints; where there are none, those that still serve while terminating (KEP-1669). */
function chooseUsable(eligible: readonly Candidate[]): ProxyEndpoint[] {
  const ready = eligible.filter((candidate) => candidate.ready);
  const chosen = ready.length > 0 ? ready : eligible.filter((one) => one.serving && one.terminating);
  return chosen.map(({ address, port, local }) => ({ address, port, local }));
}
