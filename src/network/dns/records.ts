/**
 * The names of the cluster: what DNS answers for Services, EndpointSlices and pods, after the Kubernetes DNS
 * specification 1.1.0. Pure over a view of the caches; `server.ts` puts the result on the wire.
 */
import { isHeadless } from "../../kinds/core/service/headless.ts";
import { serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { Endpoint, EndpointSlice } from "../../kinds/generated/discovery-v1.ts";

export interface ClusterView {
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, name: string): readonly EndpointSlice[];
  hasNamespace(name: string): boolean;
  /** Services whose cluster IP is `address`. */
  servicesByAddress(address: string): readonly Service[];
  /** Slices that hold an endpoint with `address`. */
  slicesByAddress(address: string): readonly EndpointSlice[];
}

export type ClusterRecord =
  | { readonly type: "A"; readonly name: string; readonly data: string }
  | { readonly type: "CNAME" | "PTR"; readonly name: string; readonly data: string }
  | { readonly type: "TXT"; readonly name: string; readonly data: string }
  | {
      readonly type: "SRV";
      readonly name: string;
      readonly data: { priority: number; weight: number; port: number; target: string };
    };

export interface ClusterAnswer {
  /** `nxdomain`: the name does not exist; `forward`: not ours; `found` with no answers of the type: no data. */
  readonly kind: "found" | "nxdomain" | "forward";
  readonly answers: readonly ClusterRecord[];
  /** Addresses of SRV targets. */
  readonly additionals: readonly ClusterRecord[];
}

const nxdomain: ClusterAnswer = { kind: "nxdomain", answers: [], additionals: [] };
const forward: ClusterAnswer = { kind: "forward", answers: [], additionals: [] };
const found = (answers: readonly ClusterRecord[], additionals: readonly ClusterRecord[] = []): ClusterAnswer => ({
  kind: "found",
  answers,
  additionals,
});

const ipv4Pattern = /^\d{1,3}(\.\d{1,3}){3}$/;

/** Answers a question; `name` in any case and without the final dot, `domain` such as `cluster.local`. */
export function resolveClusterName(
  question: { name: string; type: string },
  domain: string,
  view: ClusterView,
): ClusterAnswer {
  const name = question.name.toLowerCase();
  if (name.endsWith(".in-addr.arpa")) return resolveReverse(name, domain, view);
  if (name === domain) return found([]);
  if (!name.endsWith(`.${domain}`)) return forward;
  const labels = name.slice(0, -domain.length - 1).split(".");
  const zone = labels.pop();
  if (zone === "dns-version" && labels.length === 0) {
    return found(question.type === "TXT" ? [{ type: "TXT", name, data: "1.1.0" }] : []);
  }
  if (zone === "svc") return resolveService({ name, type: question.type, labels, domain }, view);
  if (zone === "pod") return resolvePod({ name, type: question.type, labels }, view);
  return nxdomain;
}

interface Query {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** `[a-b-c-d, namespace]`: an address spelt with dashes. */
function resolvePod({ name, type, labels }: Query, view: ClusterView): ClusterAnswer {
  const [dashed = "", namespace = ""] = labels;
  if (labels.length === 1 && view.hasNamespace(dashed)) return found([]);
  const address = dashed.replaceAll("-", ".");
  if (labels.length !== 2 || !view.hasNamespace(namespace) || !ipv4Pattern.test(address)) return nxdomain;
  return found(type === "A" ? [{ type: "A", name, data: address }] : []);
}

/** `[namespace]`, `[service, namespace]`, `[host, service, namespace]` or `[_port, _protocol, service, namespace]`. */
function resolveService(query: Query & { domain: string }, view: ClusterView): ClusterAnswer {
  const { labels, name, type, domain } = query;
  const namespace = labels.at(-1);
  if (namespace === undefined) return found([]);
  if (labels.length === 1) return view.hasNamespace(namespace) ? found([]) : nxdomain;
  const service = view.service(namespace, labels.at(-2) as string);
  if (service === undefined) return nxdomain;
  const owner = `${service.metadata?.name}.${namespace}.svc.${domain}`;
  if (service.spec?.type === "ExternalName") {
    if (labels.length !== 2) return nxdomain;
    return found([{ type: "CNAME", name, data: (service.spec.externalName ?? "").replace(/\.$/, "") }]);
  }
  const endpoints = isHeadless(service.spec) ? listEndpoints(service, view) : [];
  if (labels.length === 2) return resolveServiceName(service, endpoints, { name, type, owner });
  if (labels.length === 3) {
    const mine = endpoints.filter((endpoint) => endpoint.host === labels[0]);
    if (mine.length === 0) return nxdomain;
    return found(type === "A" ? mine.map(({ address }) => ({ type: "A", name, data: address })) : []);
  }
  if (labels.length !== 4 || !labels[0]?.startsWith("_") || !labels[1]?.startsWith("_")) return nxdomain;
  const wanted = { portName: labels[0].slice(1), protocol: labels[1].slice(1).toUpperCase() };
  return resolvePort(service, endpoints, { name, type, owner, ...wanted });
}

interface NamedQuery {
  readonly name: string;
  readonly type: string;
  /** The Service's own full name. */
  readonly owner: string;
}

function resolveServiceName(service: Service, endpoints: readonly NamedEndpoint[], query: NamedQuery): ClusterAnswer {
  const { name, type, owner } = query;
  const headless = isHeadless(service.spec);
  if (headless && endpoints.length === 0) return nxdomain;
  if (type === "A") {
    const addresses = headless ? [...new Set(endpoints.map((endpoint) => endpoint.address))] : [clusterIP(service)];
    return found(addresses.map((address) => ({ type: "A", name, data: address })));
  }
  if (type !== "SRV") return found([]);
  return headless
    ? serviceRecords(endpoints, { name, owner }, () => true)
    : clusterServiceRecords(service, { name, owner }, () => true);
}

function resolvePort(
  service: Service,
  endpoints: readonly NamedEndpoint[],
  query: NamedQuery & { portName: string; protocol: string },
): ClusterAnswer {
  const matches = (port: { name?: string | undefined; protocol?: string | undefined }): boolean =>
    (port.name ?? "") === query.portName && (port.protocol ?? "TCP") === query.protocol;
  const answer = isHeadless(service.spec)
    ? serviceRecords(endpoints, query, matches)
    : clusterServiceRecords(service, query, matches);
  if (answer.answers.length === 0) return nxdomain;
  return query.type === "SRV" ? answer : found([]);
}

type PortFilter = (port: { name?: string | undefined; protocol?: string | undefined }) => boolean;

function clusterServiceRecords(
  service: Service,
  { name, owner }: { name: string; owner: string },
  matches: PortFilter,
) {
  const ports = (service.spec?.ports ?? []).filter(matches);
  return found(
    ports.map(({ port }) => ({ type: "SRV", name, data: { priority: 0, weight: 100, port, target: owner } })),
    ports.length > 0 ? [{ type: "A", name: owner, data: clusterIP(service) }] : [],
  );
}

function serviceRecords(
  endpoints: readonly NamedEndpoint[],
  { name, owner }: { name: string; owner: string },
  matches: PortFilter,
): ClusterAnswer {
  const answers: ClusterRecord[] = [];
  const additionals = new Map<string, ClusterRecord>();
  for (const { host, address, ports } of endpoints) {
    const target = `${host}.${owner}`;
    for (const { port } of ports.filter(matches)) {
      if (port === undefined) continue;
      answers.push({ type: "SRV", name, data: { priority: 0, weight: 100, port, target } });
      additionals.set(`${target}/${address}`, { type: "A", name: target, data: address });
    }
  }
  return found(answers, [...additionals.values()]);
}

function resolveReverse(name: string, domain: string, view: ClusterView): ClusterAnswer {
  const address = name.slice(0, -".in-addr.arpa".length).split(".").reverse().join(".");
  if (!ipv4Pattern.test(address)) return forward;
  const targets = view
    .servicesByAddress(address)
    .map(({ metadata }) => `${metadata?.name}.${metadata?.namespace}.svc.${domain}`);
  for (const slice of view.slicesByAddress(address)) {
    const serviceName = slice.metadata?.labels?.[serviceNameLabel];
    const namespace = slice.metadata?.namespace ?? "";
    const service = serviceName === undefined ? undefined : view.service(namespace, serviceName);
    if (service === undefined || !isHeadless(service.spec)) continue;
    const endpoint = slice.endpoints?.find((one) => one.addresses.includes(address));
    if (endpoint !== undefined) targets.push(`${hostLabel(endpoint)}.${serviceName}.${namespace}.svc.${domain}`);
  }
  if (targets.length === 0) return forward;
  return found([...new Set(targets)].map((data) => ({ type: "PTR", name, data })));
}

interface NamedEndpoint {
  readonly host: string;
  readonly address: string;
  readonly ports: NonNullable<EndpointSlice["ports"]>;
}

const clusterIP = (service: Service): string => service.spec?.clusterIP ?? "";
const hostLabel = ({ hostname, addresses }: Endpoint): string =>
  hostname !== undefined && hostname !== "" ? hostname.toLowerCase() : (addresses[0] ?? "").replaceAll(".", "-");

/** Ready endpoints, or all where the Service publishes not-ready addresses. */
function listEndpoints(service: Service, view: ClusterView): NamedEndpoint[] {
  const all = service.spec?.publishNotReadyAddresses ?? false;
  const slices = view.slices(service.metadata?.namespace ?? "", service.metadata?.name ?? "");
  return slices
    .filter((slice) => slice.addressType === "IPv4")
    .flatMap((slice) =>
      (slice.endpoints ?? [])
        .filter((endpoint) => all || (endpoint.conditions?.ready ?? true))
        .map((endpoint) => ({
          host: hostLabel(endpoint),
          address: endpoint.addresses[0] ?? "",
          ports: slice.ports ?? [],
        })),
    );
}
