/**
 * The node's Services as one nftables table, laid out as kube-proxy's nftables mode lays out its own: a verdict map from
 * (address, protocol, port) to a chain for each Service port, from there at random to a chain for each endpoint, which
 * translates the destination. Pure: the result is data, rendered by `renderTransaction`.
 */
import { createHash } from "node:crypto";
import type { ProxyEndpoint, ProxyServicePort } from "./service-ports.ts";

export interface RulesetInput {
  readonly servicePorts: readonly ProxyServicePort[];
  /** The cluster's pods, CIDR; traffic to Services from elsewhere is masqueraded. */
  readonly podSubnet: string;
  /** Addresses of this node on which node ports answer. */
  readonly nodeAddresses: readonly string[];
  /** IPv4 CIDRs of the ServiceCIDRs: what goes to an address in them that no Service has is dropped. */
  readonly serviceCidrs: readonly string[];
}

export interface Ruleset {
  /** Chain name → rules. */
  readonly chains: ReadonlyMap<string, readonly string[]>;
  /** Name of a map or set of the table → its elements. */
  readonly elements: ReadonlyMap<string, readonly string[]>;
  /** Name of an affinity set → its timeout in seconds. Kept between transactions, so that clients stay where they are. */
  readonly affinitySets: ReadonlyMap<string, number>;
}

const table = "ip kube-proxy";
/** kube-proxy's --iptables-masquerade-bit 14. */
const masqueradeMark = "0x4000";

const maps: Record<string, string> = {
  "service-ips": "type ipv4_addr . inet_proto . inet_service : verdict",
  "service-nodeports": "type inet_proto . inet_service : verdict",
  "firewall-ips": "type ipv4_addr . inet_proto . inet_service : verdict",
  "no-endpoint-services": "type ipv4_addr . inet_proto . inet_service : verdict",
  "no-endpoint-nodeports": "type inet_proto . inet_service : verdict",
};
const sets: Record<string, string> = { "cluster-ips": "type ipv4_addr", "nodeport-ips": "type ipv4_addr" };

const serviceLookup = "ip daddr . meta l4proto . th dport vmap";
const nodePortLookup = "ip daddr @nodeport-ips meta l4proto . th dport vmap";

/**
 * What listens on the node's loopback interface trusts that only the node reaches it. `route_localnet`, which host ports
 * need, takes that away from it (CVE-2020-8558): pods and neighbours could send to 127.0.0.0/8. Replies to connections
 * that the node itself opened from such an address are let in.
 */
const foreignLoopback =
  'iifname != "lo" ip daddr 127.0.0.0/8 ct state != { established, related } ct status & dnat != dnat drop';

/** Base chains: hook declaration and rules that never change. */
const baseChains: Record<string, { hook: string; rules: readonly string[] }> = {
  "filter-prerouting": {
    hook: "type filter hook prerouting priority -110",
    rules: ["ct state new jump firewall-check"],
  },
  "filter-input": {
    hook: "type filter hook input priority -110",
    rules: [foreignLoopback, "ct state new jump nodeport-endpoints-check", "ct state new jump service-endpoints-check"],
  },
  "filter-forward": {
    hook: "type filter hook forward priority -110",
    rules: ["ct state new jump service-endpoints-check", "ct state new jump cluster-ips-check"],
  },
  "filter-output": {
    hook: "type filter hook output priority -110",
    rules: ["ct state new jump service-endpoints-check", "ct state new jump firewall-check"],
  },
  "filter-output-post-dnat": {
    hook: "type filter hook output priority -90",
    rules: ["ct state new jump cluster-ips-check"],
  },
  "nat-prerouting": { hook: "type nat hook prerouting priority -100", rules: ["jump services"] },
  "nat-output": { hook: "type nat hook output priority -100", rules: ["jump services"] },
  "nat-postrouting": { hook: "type nat hook postrouting priority 100", rules: ["jump masquerading"] },
};

const fixedChains: Record<string, readonly string[]> = {
  "firewall-check": [`${serviceLookup} @firewall-ips`],
  "service-endpoints-check": [`${serviceLookup} @no-endpoint-services`],
  "nodeport-endpoints-check": [`${nodePortLookup} @no-endpoint-nodeports`],
  services: [`${serviceLookup} @service-ips`, `${nodePortLookup} @service-nodeports`],
  "mark-for-masquerade": [`meta mark set meta mark or ${masqueradeMark}`],
  masquerading: [
    `meta mark and ${masqueradeMark} == 0 return`,
    `meta mark set meta mark xor ${masqueradeMark}`,
    "masquerade fully-random",
  ],
  "reject-chain": ["reject"],
};

/** Chain names are at most 127 bytes of `[a-zA-Z0-9/_.-]`; the hash keeps truncated ones apart. */
function chainName(kind: string, id: string): string {
  const hash = createHash("sha256").update(`${kind}/${id}`).digest("hex").slice(0, 8).toUpperCase();
  return `${kind}-${hash}-${id}`.slice(0, 120);
}

const endpointId = (port: ProxyServicePort, { address, port: number }: ProxyEndpoint): string =>
  `${port.id}__${address}/${number}`;

/** Collects what one transaction contains while the Service ports are walked. */
class Builder {
  readonly chains = new Map<string, string[]>();
  readonly #verdicts = new Map<string, Map<string, string>>();
  readonly affinitySets = new Map<string, number>();

  chain(name: string, rules: string[]): string {
    this.chains.set(name, rules);
    return name;
  }

  /** The first verdict for a key stands: two Services may claim one external IP, and one must not stop the others. */
  element(name: string, element: string): void {
    const key = element.split(" : ")[0] as string;
    const known = this.#verdicts.get(name) ?? new Map<string, string>();
    this.#verdicts.set(name, known);
    if (!known.has(key)) known.set(key, element);
  }

  get elements(): Map<string, string[]> {
    return new Map([...this.#verdicts].map(([name, known]) => [name, [...known.values()]]));
  }
}

/** All chains and set elements for these ports of Services, in the order that they are given. */
export function buildRuleset({ servicePorts, podSubnet, nodeAddresses, serviceCidrs }: RulesetInput): Ruleset {
  const builder = new Builder();
  for (const [name, { rules }] of Object.entries(baseChains)) builder.chain(name, [...rules]);
  for (const [name, rules] of Object.entries(fixedChains)) builder.chain(name, [...rules]);
  const unallocated = serviceCidrs.length === 0 ? [] : [`ip daddr { ${serviceCidrs.join(", ")} } drop`];
  builder.chain("cluster-ips-check", ["ip daddr @cluster-ips reject", ...unallocated]);
  for (const address of nodeAddresses) builder.element("nodeport-ips", address);
  const clusterIPs = new Set(servicePorts.map((port) => port.clusterIP));
  for (const address of clusterIPs) builder.element("cluster-ips", address);
  for (const port of servicePorts) addServicePort(builder, port, podSubnet, clusterIPs);
  return { chains: builder.chains, elements: builder.elements, affinitySets: builder.affinitySets };
}

function addServicePort(
  builder: Builder,
  port: ProxyServicePort,
  podSubnet: string,
  clusterIPs: ReadonlySet<string>,
): void {
  addClusterIP(builder, port, podSubnet);
  // Whoever may write a Service may name any address; those of other Services, the API server's and the name server's
  // among them, are theirs.
  const externalAddresses = [...new Set([...port.externalIPs, ...port.loadBalancerIPs])].filter(
    (address) => !clusterIPs.has(address),
  );
  if (port.nodePort === undefined && externalAddresses.length === 0) return;
  const target = externalVerdict(builder, port, podSubnet);
  for (const address of externalAddresses) {
    builder.element(target.serviceMap, `${address} . ${port.protocol} . ${port.port} : ${target.verdict}`);
  }
  if (port.nodePort !== undefined) {
    builder.element(target.nodePortMap, `${port.protocol} . ${port.nodePort} : ${target.verdict}`);
  }
  if (port.sourceRanges.length > 0 && port.loadBalancerIPs.length > 0) addFirewall(builder, port);
}

function addClusterIP(builder: Builder, port: ProxyServicePort, podSubnet: string): void {
  const key = `${port.clusterIP} . ${port.protocol} . ${port.port}`;
  if (port.internalEndpoints.length === 0) {
    builder.element("no-endpoint-services", `${key} : ${port.hasAnyEndpoint ? "drop" : "goto reject-chain"}`);
    return;
  }
  const chain = builder.chain(chainName("service", port.id), [
    `ip daddr ${port.clusterIP} ${port.protocol} dport ${port.port} ip saddr != ${podSubnet} jump mark-for-masquerade`,
    ...balance(builder, port, port.internalEndpoints),
  ]);
  builder.element("service-ips", `${key} : goto ${chain}`);
}

/** Where traffic from outside goes, and in which map it is looked up: nat for a chain, filter for reject and drop. */
function externalVerdict(builder: Builder, port: ProxyServicePort, podSubnet: string) {
  const refused = { serviceMap: "no-endpoint-services", nodePortMap: "no-endpoint-nodeports" };
  if (!port.hasAnyEndpoint) return { ...refused, verdict: "goto reject-chain" };
  const rules = port.externalPolicyLocal
    ? localPolicyRules(builder, port, podSubnet)
    : ["jump mark-for-masquerade", ...balance(builder, port, port.externalEndpoints)];
  const chain = builder.chain(chainName("external", port.id), rules);
  return { serviceMap: "service-ips", nodePortMap: "service-nodeports", verdict: `goto ${chain}` };
}

/** externalTrafficPolicy Local: the cluster's own clients reach every endpoint, others this node's, unmasqueraded. */
function localPolicyRules(builder: Builder, port: ProxyServicePort, podSubnet: string): string[] {
  const inside = port.internalEndpoints.length > 0 ? balance(builder, port, port.internalEndpoints) : ["drop"];
  const chain = builder.chain(chainName("cluster", port.id), inside);
  return [
    `ip saddr ${podSubnet} goto ${chain}`,
    "fib saddr type local jump mark-for-masquerade",
    `fib saddr type local goto ${chain}`,
    ...(port.externalEndpoints.length > 0 ? balance(builder, port, port.externalEndpoints) : ["drop"]),
  ];
}

function balance(builder: Builder, port: ProxyServicePort, endpoints: readonly ProxyEndpoint[]): string[] {
  const chains = endpoints.map((endpoint) => addEndpoint(builder, port, endpoint));
  const sticky =
    port.affinitySeconds === undefined
      ? []
      : endpoints.map((endpoint, index) => `ip saddr @${affinitySet(port, endpoint)} goto ${chains[index]}`);
  const choices = chains.map((chain, index) => `${index} : goto ${chain}`).join(", ");
  return [...sticky, `numgen random mod ${chains.length} vmap { ${choices} }`];
}

const affinitySet = (port: ProxyServicePort, endpoint: ProxyEndpoint): string =>
  chainName("affinity", endpointId(port, endpoint));

function addEndpoint(builder: Builder, port: ProxyServicePort, endpoint: ProxyEndpoint): string {
  const name = chainName("endpoint", endpointId(port, endpoint));
  if (builder.chains.has(name)) return name;
  const rules = [`ip saddr ${endpoint.address} jump mark-for-masquerade`];
  if (port.affinitySeconds !== undefined) {
    const set = affinitySet(port, endpoint);
    builder.affinitySets.set(set, port.affinitySeconds);
    rules.push(`update @${set} { ip saddr }`);
  }
  rules.push(`meta l4proto ${port.protocol} dnat to ${endpoint.address}:${endpoint.port}`);
  return builder.chain(name, rules);
}

function addFirewall(builder: Builder, port: ProxyServicePort): void {
  const chain = builder.chain(chainName("firewall", port.id), [`ip saddr != { ${port.sourceRanges.join(", ")} } drop`]);
  for (const address of port.loadBalancerIPs) {
    builder.element("firewall-ips", `${address} . ${port.protocol} . ${port.port} : goto ${chain}`);
  }
}

/**
 * One `nft -f` script that turns `previous` into `next` atomically. Without `previous` the table is made from nothing,
 * whatever was there before.
 */
export function renderTransaction(next: Ruleset, previous: Ruleset | undefined): string {
  const lines = previous === undefined ? [`add table ${table}`, `delete table ${table}`] : [];
  lines.push(`add table ${table}`);
  if (previous !== undefined) {
    lines.push(`flush table ${table}`);
    for (const name of [...Object.keys(maps)]) lines.push(`flush map ${table} ${name}`);
    for (const name of [...Object.keys(sets)]) lines.push(`flush set ${table} ${name}`);
    for (const name of previous.chains.keys()) if (!next.chains.has(name)) lines.push(`delete chain ${table} ${name}`);
    for (const [name, seconds] of previous.affinitySets) {
      if (next.affinitySets.get(name) !== seconds) lines.push(`delete set ${table} ${name}`);
    }
  }
  lines.push(...renderDeclarations(next, previous));
  for (const [name, rules] of next.chains) for (const rule of rules) lines.push(`add rule ${table} ${name} ${rule}`);
  for (const [name, elements] of next.elements) {
    lines.push(`add element ${table} ${name} { ${elements.join(", ")} }`);
  }
  return `${lines.join("\n")}\n`;
}

function renderDeclarations(next: Ruleset, previous: Ruleset | undefined): string[] {
  const lines: string[] = [];
  if (previous === undefined) {
    for (const [name, type] of Object.entries(maps)) lines.push(`add map ${table} ${name} { ${type}; }`);
    for (const [name, type] of Object.entries(sets)) lines.push(`add set ${table} ${name} { ${type}; }`);
  }
  for (const [name, seconds] of next.affinitySets) {
    if (previous?.affinitySets.get(name) === seconds) continue;
    lines.push(`add set ${table} ${name} { type ipv4_addr; flags dynamic,timeout; timeout ${seconds}s; }`);
  }
  for (const name of next.chains.keys()) {
    if (previous?.chains.has(name)) continue;
    const hook = baseChains[name]?.hook;
    lines.push(`add chain ${table} ${name}${hook === undefined ? "" : ` { ${hook}; }`}`);
  }
  return lines;
}
