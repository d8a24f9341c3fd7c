/**
 * What a Service's type calls for, and what an update leaves out and the server fills in (upstream's
 * patchAllocatedValues and normalizeClusterIPs).
 */
import { isDeepStrictEqual } from "node:util";
import type { Service, ServicePort, ServiceSpec } from "../../../kinds/generated/core-v1.ts";

export const specOf = (service: Service): ServiceSpec => service.spec ?? {};

export const needsClusterIP = (spec: ServiceSpec): boolean => spec.type !== "ExternalName";

/** Whether ports without a node port get one. */
export function allocatesNodePorts(spec: ServiceSpec): boolean {
  if (spec.type === "NodePort") return true;
  return spec.type === "LoadBalancer" && spec.allocateLoadBalancerNodePorts !== false;
}

export const mayHaveNodePorts = (spec: ServiceSpec): boolean =>
  spec.type === "NodePort" || spec.type === "LoadBalancer";

export const needsHealthCheckNodePort = (spec: ServiceSpec): boolean =>
  spec.type === "LoadBalancer" && spec.externalTrafficPolicy === "Local";

export const nodePortsOf = (spec: ServiceSpec): number[] =>
  (spec.ports ?? []).flatMap((port) => (port.nodePort ? [port.nodePort] : []));

/** An old client names clusterIP alone. */
export function normalizeClusterIPs(spec: ServiceSpec, old: ServiceSpec | undefined): void {
  if (old === undefined) {
    if (spec.clusterIP && !spec.clusterIPs?.length) spec.clusterIPs = [spec.clusterIP];
    return;
  }
  if (old.clusterIPs?.length && !spec.clusterIPs?.length && old.clusterIP === spec.clusterIP) {
    spec.clusterIPs = [...old.clusterIPs];
  }
  if ((old.clusterIP ?? "") === (spec.clusterIP ?? "")) return;
  if (!isDeepStrictEqual(old.clusterIPs, spec.clusterIPs)) return;
  if (spec.clusterIP) spec.clusterIPs = [spec.clusterIP];
  else delete spec.clusterIPs;
}

/** Fills in what the server allocated before and the client did not repeat. */
export function keepAllocatedValues(spec: ServiceSpec, old: ServiceSpec): void {
  if (needsClusterIP(old) && needsClusterIP(spec)) {
    if (!spec.clusterIP && old.clusterIP) spec.clusterIP = old.clusterIP;
    if (!spec.clusterIPs?.length && old.clusterIPs?.length) spec.clusterIPs = [...old.clusterIPs];
  }
  if (allocatesNodePorts(old) && allocatesNodePorts(spec)) keepNodePorts(spec.ports ?? [], old.ports ?? []);
  if (needsHealthCheckNodePort(old) && needsHealthCheckNodePort(spec) && !spec.healthCheckNodePort) {
    if (old.healthCheckNodePort) spec.healthCheckNodePort = old.healthCheckNodePort;
  }
}

function keepNodePorts(ports: ServicePort[], old: readonly ServicePort[]): void {
  const inNew = new Set(ports.map((port) => port.nodePort));
  const byName = new Map(old.map((port) => [port.name ?? "", port.nodePort]));
  for (const port of ports) {
    const before = byName.get(port.name ?? "");
    if (!port.nodePort && before && !inNew.has(before)) port.nodePort = before;
  }
}
