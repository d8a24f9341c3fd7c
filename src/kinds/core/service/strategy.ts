/** Status is the load balancer's; fields that depend on a type that is left are let go where the client did not touch them. */
import type { Service, ServiceSpec } from "../../generated/core-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";

export function prepareForCreate(service: Service): void {
  service.status = { loadBalancer: {} };
}

export function prepareForUpdate(service: Service, old: Service): void {
  const { spec } = service;
  if (spec === undefined || old.spec === undefined) return;
  dropClusterAddresses(spec, old.spec);
  dropPortAllocations(spec, old.spec);
  const leavesBalancer = old.spec.type === "LoadBalancer" && spec.type !== "LoadBalancer";
  if (leavesBalancer) {
    dropIfSame(spec, old.spec, "allocateLoadBalancerNodePorts");
    dropIfSame(spec, old.spec, "loadBalancerClass");
  }
  if (isExternallyAccessible(old.spec) && !isExternallyAccessible(spec)) {
    dropIfSame(spec, old.spec, "externalTrafficPolicy");
  }
  if (spec.type !== "LoadBalancer") service.status = { ...service.status, loadBalancer: {} };
}

const needsNodePort = ({ type }: ServiceSpec): boolean => type === "NodePort" || type === "LoadBalancer";
const needsHealthCheckPort = ({ type, externalTrafficPolicy }: ServiceSpec): boolean =>
  type === "LoadBalancer" && externalTrafficPolicy === "Local";
export const isExternallyAccessible = (spec: ServiceSpec): boolean =>
  needsNodePort(spec) || (spec.type === "ClusterIP" && (spec.externalIPs ?? []).length > 0);

function dropIfSame(spec: ServiceSpec, old: ServiceSpec, field: keyof ServiceSpec): void {
  if (semanticEqual(spec[field], old[field])) delete spec[field];
}

function dropClusterAddresses(spec: ServiceSpec, old: ServiceSpec): void {
  if (old.type === "ExternalName" || spec.type !== "ExternalName") return;
  if (spec.clusterIP === old.clusterIP && semanticEqual(spec.clusterIPs, old.clusterIPs)) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
  }
  dropIfSame(spec, old, "ipFamilies");
  dropIfSame(spec, old, "ipFamilyPolicy");
}

function dropPortAllocations(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsNodePort(old) && !needsNodePort(spec)) {
    const before = new Set((old.ports ?? []).map(({ nodePort }) => nodePort));
    const ports = spec.ports ?? [];
    if (ports.every(({ nodePort }) => !nodePort || before.has(nodePort)))
      for (const port of ports) delete port.nodePort;
  }
  if (needsHealthCheckPort(old) && !needsHealthCheckPort(spec)) dropIfSame(spec, old, "healthCheckNodePort");
}
