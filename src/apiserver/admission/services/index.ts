/**
 * Gives Services their cluster IPs and node ports. Fed by admission requests and the cache's Services, from which the
 * pools are rebuilt at start and kept since; feeds spec.clusterIP(s), ipFamilies, ports[].nodePort and
 * healthCheckNodePort. One process, so a claim is atomic; a claim whose write fails lapses by itself (pool.ts).
 */
import { isHeadless } from "../../../kinds/core/service/headless.ts";
import type { Service, ServiceSpec } from "../../../kinds/generated/core-v1.ts";
import type { Clock } from "../../../lib/clock.ts";
import { type FieldError, invalidValue } from "../../../machinery/errors/field-error.ts";
import { internalError, invalid } from "../../../machinery/errors/status-error.ts";
import type { AdmissionPlugin, ObjectReader } from "../../types.ts";
import { followAddressRanges, isAddressHeldElsewhere } from "./address-ranges.ts";
import { initializeIPFamilies } from "./ip-families.ts";
import { Pool } from "./pool.ts";
import * as fields from "./service-fields.ts";
import { formatAddress, parseAddress } from "./subnet.ts";

export interface ServiceAllocationOptions {
  /** What the default ServiceCIDR has; others are added through the API. */
  readonly serviceSubnet: string;
  /** Inclusive. */
  readonly nodePortRange: readonly [number, number];
  readonly reader: ObjectReader;
  readonly clock: Clock;
}

interface Pools {
  readonly addresses: Pool;
  readonly ports: Pool;
  readonly portRange: readonly [number, number];
}

interface Claim {
  readonly owner: string;
  readonly dryRun: boolean;
}

export function createServiceAllocation(options: ServiceAllocationOptions): AdmissionPlugin {
  const pools = createPools(options);
  followServices(options.reader, pools);
  return {
    name: "ServiceAllocation",
    admit(request) {
      const { kind, operation, subresource } = request;
      if (kind.group !== "" || kind.plural !== "services" || subresource !== "") return;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      const service = request.object as Service;
      const old = operation === "UPDATE" ? (request.oldObject as Service | undefined) : undefined;
      service.spec ??= {};
      const name = service.metadata?.name ?? request.name;
      const claim: Claim = { owner: `${request.namespace}/${name}`, dryRun: request.dryRun };
      if (old !== undefined) fields.keepAllocatedValues(service.spec, fields.specOf(old));
      fields.normalizeClusterIPs(service.spec, old && fields.specOf(old));
      const refuse = (errors: readonly FieldError[]): void => {
        if (errors.length > 0) throw invalid({ group: "", kind: "Service" }, name, errors);
      };
      refuse(initializeIPFamilies(service, old));
      refuse(allocateClusterIP(pools, service.spec, claim));
      refuse(allocateNodePorts(pools, service.spec, claim));
      refuse(allocateHealthCheckPort(pools, service.spec, claim));
    },
  };
}

function createPools({ serviceSubnet, nodePortRange, reader, clock }: ServiceAllocationOptions): Pools {
  const [first, last] = nodePortRange;
  const staticBand = Math.min(Math.max(16, Math.floor((last - first + 1) / 32)), 128);
  const portRanges = [{ first, last, staticBand }];
  return {
    addresses: new Pool({
      ranges: followAddressRanges(reader, serviceSubnet),
      isHeldElsewhere: (value) => isAddressHeldElsewhere(reader, value),
      clock,
    }),
    ports: new Pool({ ranges: () => portRanges, clock }),
    portRange: nodePortRange,
  };
}

/** Keeps the pools' owners as the cache shows them. */
function followServices(reader: ObjectReader, { addresses, ports }: Pools): void {
  const held = new Map<string, { addresses: number[]; ports: number[] }>();
  const put = (service: Service, removed: boolean): void => {
    const owner = `${service.metadata?.namespace}/${service.metadata?.name}`;
    const spec = fields.specOf(service);
    const now = removed ? { addresses: [], ports: [] } : heldBy(spec);
    const before = held.get(owner) ?? { addresses: [], ports: [] };
    for (const address of before.addresses) if (!now.addresses.includes(address)) addresses.release(address, owner);
    for (const port of before.ports) if (!now.ports.includes(port)) ports.release(port, owner);
    for (const address of now.addresses) addresses.own(address, owner);
    for (const port of now.ports) ports.own(port, owner);
    if (removed) held.delete(owner);
    else held.set(owner, now);
  };
  reader.subscribe("", "services", ({ type, object }) => put(object as Service, type === "DELETED"));
  for (const service of reader.list<Service>("", "services")) put(service, false);
}

function heldBy(spec: ServiceSpec): { addresses: number[]; ports: number[] } {
  const addresses = (spec.clusterIPs ?? []).filter((address) => address.includes("."));
  const ports = fields.nodePortsOf(spec);
  if (spec.healthCheckNodePort) ports.push(spec.healthCheckNodePort);
  return { addresses: fields.needsClusterIP(spec) ? addresses.map(parseAddress) : [], ports };
}

function allocateClusterIP({ addresses }: Pools, spec: ServiceSpec, { owner, dryRun }: Claim): FieldError[] {
  if (!fields.needsClusterIP(spec) || isHeadless(spec)) return [];
  const wanted = spec.clusterIPs?.[0];
  if (!wanted) {
    const address = addresses.takeNext(owner, dryRun);
    if (address === undefined) {
      const name = owner.slice(owner.indexOf("/") + 1);
      throw internalError(new Error(`failed to allocate a serviceIP for Service "${name}": range is full`));
    }
    spec.clusterIP = formatAddress(address);
    spec.clusterIPs = [spec.clusterIP];
    return [];
  }
  const refuse = (why: string): FieldError[] => [
    invalidValue("spec.clusterIPs", spec.clusterIPs, `failed to allocate IP ${wanted}: ${why}`),
  ];
  const address = parseAddress(wanted);
  if (!addresses.contains(address)) return refuse("the provided network does not match the current range");
  return addresses.take(address, owner, dryRun) ? [] : refuse("provided IP is already allocated");
}

function allocateNodePorts(pools: Pools, spec: ServiceSpec, claim: Claim): FieldError[] {
  if (!fields.mayHaveNodePorts(spec)) return [];
  const ports = spec.ports ?? [];
  /** Ports of the same number and different protocols share a node port. */
  const byServicePort = new Map<number, number>();
  for (const [index, port] of ports.entries()) {
    if (!port.nodePort && !fields.allocatesNodePorts(spec)) continue;
    const field = `spec.ports[${index}].nodePort`;
    const shared = byServicePort.get(port.port);
    if (port.nodePort || shared === undefined) {
      const requested = port.nodePort || ports.find((other) => other.port === port.port && other.nodePort)?.nodePort;
      const result = requested ? takePort(pools, requested, claim) : nextPort(pools, claim);
      if (typeof result === "string") return [invalidValue(field, requested, result)];
      port.nodePort = result;
      byServicePort.set(port.port, result);
    } else port.nodePort = shared;
  }
  return [];
}

function allocateHealthCheckPort(pools: Pools, spec: ServiceSpec, claim: Claim): FieldError[] {
  if (!fields.needsHealthCheckNodePort(spec)) return [];
  const requested = spec.healthCheckNodePort;
  const result = requested ? takePort(pools, requested, claim) : nextPort(pools, claim);
  if (typeof result === "string") {
    const detail = `failed to allocate requested HealthCheck NodePort ${requested}: ${result}`;
    return [invalidValue("spec.healthCheckNodePort", requested, detail)];
  }
  spec.healthCheckNodePort = result;
  return [];
}

/** The port, or why it cannot be had. */
function takePort({ ports, portRange }: Pools, port: number, { owner, dryRun }: Claim): number | string {
  if (!ports.contains(port)) {
    return `provided port is not in the valid range. The range of valid ports is ${portRange[0]}-${portRange[1]}`;
  }
  return ports.take(port, owner, dryRun) ? port : "provided port is already allocated";
}

function nextPort({ ports }: Pools, { owner, dryRun }: Claim): number {
  const port = ports.takeNext(owner, dryRun);
  if (port === undefined) throw internalError(new Error("failed to allocate a nodePort: range is full"));
  return port;
}
