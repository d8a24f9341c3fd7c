/** SetDefaults_Service. Cluster addresses, node ports and IP families are the allocator's. */
import type { Service, ServiceSpec } from "../../generated/core-v1.ts";

/** Seconds: three hours. */
const defaultAffinityTimeout = 10800;

export function applyServiceDefaults(service: Service): void {
  service.spec ??= {};
  const spec = service.spec;
  applyAffinityDefaults(spec);
  spec.type ||= "ClusterIP";
  for (const port of spec.ports ?? []) {
    port.protocol ||= "TCP";
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === "") port.targetPort = port.port;
  }
  const balanced = spec.type === "LoadBalancer";
  const external = balanced || spec.type === "NodePort" || (spec.type === "ClusterIP" && !!spec.externalIPs?.length);
  if (external) spec.externalTrafficPolicy ||= "Cluster";
  if (spec.type !== "ExternalName") spec.internalTrafficPolicy ??= "Cluster";
  if (!balanced) return;
  spec.allocateLoadBalancerNodePorts ??= true;
  for (const ingress of service.status?.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= "VIP";
}

function applyAffinityDefaults(spec: ServiceSpec): void {
  spec.sessionAffinity ||= "None";
  if (spec.sessionAffinity === "None") delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === "ClientIP" && spec.sessionAffinityConfig?.clientIP?.timeoutSeconds === undefined) {
    spec.sessionAffinityConfig = { clientIP: { timeoutSeconds: defaultAffinityTimeout } };
  }
}
