/**
 * What a Service update leaves out and the server fills in, and what a change of type makes pointless (upstream's
 * patchAllocatedValues, normalizeClusterIPs and dropTypeDependentFields).
 */
import { isDeepStrictEqual } from "node:util";
import type { Service, ServicePort, ServiceSpec } from "../../../kinds/generated/core-v1.ts";

export const specOf = (service: Service): ServiceSpec => service.spec ?? {};

export const needsClusterIP = (spec: ServiceSpec): boolean => spec.type !== "ExternalName";
export const isHeadless = (spec: ServiceSpec): boolean => spec.clusterIP === "None";

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

/** Removes values that the new type has no use for, unless the client changed them in the same update. */
export function dropTypeDependentFields(service: Service, oldService: Service): void {
  const [spec, old] = [specOf(service), specOf(oldService)];
  const same = (field: keyof ServiceSpec): boolean => isDeepStrictEqual(spec[field], old[field]);
  const drop = (...fields: (keyof ServiceSpec)[]): void => {
    for (const field of fields) delete spec[field];
  };
  if (needsClusterIP(old) && !needsClusterIP(spec)) {
    if (same("clusterIP") && same("clusterIPs")) drop("clusterIP", "clusterIPs");
    if (same("ipFamilies")) drop("ipFamilies");
    if (same("ipFamilyPolicy")) drop("ipFamilyPolicy");
  }
  if (mayHaveNodePorts(old) && !mayHaveNodePorts(spec)) {
    const before = new Set(nodePortsOf(old));
    if (nodePortsOf(spec).every((port) => before.has(port))) {
      for (const port of spec.ports ?? []) delete port.nodePort;
    }
    if (same("externalTrafficPolicy")) drop("externalTrafficPolicy");
  }
  if (needsHealthCheckNodePort(old) && !needsHealthCheckNodePort(spec) && same("healthCheckNodePort")) {
    drop("healthCheckNodePort");
  }
  if (old.type === "LoadBalancer" && spec.type !== "LoadBalancer") {
    if (same("allocateLoadBalancerNodePorts")) drop("allocateLoadBalancerNodePorts");
    if (same("loadBalancerClass")) drop("loadBalancerClass");
  }
  if (spec.type !== "LoadBalancer" && service.status?.loadBalancer !== undefined) service.status.loadBalancer = {};
}
