/** Namespaces, priority classes, the kubernetes Service with its endpoints, and the API server's public certificates. */
import { serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import {
  clusterCriticalPriority,
  nodeCriticalPriority,
} from "../../kinds/scheduling/priority-class/system-priorities.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";

export function systemNamespaces(): UnknownObject[] {
  return ["default", "kube-system", "kube-public", "kube-node-lease"].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
    spec: { finalizers: ["kubernetes"] },
  }));
}

export function systemPriorityClasses(): UnknownObject[] {
  const classOf = (name: string, value: number, description: string): UnknownObject => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    description,
    preemptionPolicy: "PreemptLowerPriority",
  });
  return [
    classOf(
      "system-cluster-critical",
      clusterCriticalPriority,
      "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    classOf(
      "system-node-critical",
      nodeCriticalPriority,
      "Used for system critical pods that must not be moved from their current node.",
    ),
  ];
}

export interface Advertised {
  readonly address: string;
  readonly port: number;
}

export function kubernetesService(clusterIP: string, { port }: Advertised): UnknownObject {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { component: "apiserver", provider: "kubernetes" },
    },
    spec: {
      clusterIP,
      clusterIPs: [clusterIP],
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: port }],
      sessionAffinity: "None",
      type: "ClusterIP",
    },
  };
}

export function kubernetesEndpoints({ address, port }: Advertised): UnknownObject {
  return {
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { "endpointslice.kubernetes.io/skip-mirror": "true" },
    },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: "https", port, protocol: "TCP" }] }],
  };
}

export function kubernetesEndpointSlice({ address, port }: Advertised): UnknownObject {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      name: "kubernetes",
      namespace: "default",
      labels: { [serviceNameLabel]: "kubernetes" },
    },
    addressType: address.includes(":") ? "IPv6" : "IPv4",
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  };
}

export function defaultServiceCidr(subnet: string): UnknownObject {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name: "kubernetes" },
    spec: { cidrs: [subnet] },
  };
}

/** kube-system/extension-apiserver-authentication: what aggregated API servers verify their callers with. */
export function authenticationConfigMap(
  clientCa: string,
  requestHeader: { readonly ca: string; readonly allowedNames: readonly string[] } | undefined,
): UnknownObject {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "extension-apiserver-authentication", namespace: "kube-system" },
    data: {
      "client-ca-file": clientCa,
      ...(requestHeader
        ? {
            "requestheader-allowed-names": JSON.stringify(requestHeader.allowedNames),
            "requestheader-client-ca-file": requestHeader.ca,
            "requestheader-extra-headers-prefix": '["X-Remote-Extra-"]',
            "requestheader-group-headers": '["X-Remote-Group"]',
            "requestheader-uid-headers": '["X-Remote-Uid"]',
            "requestheader-username-headers": '["X-Remote-User"]',
          }
        : {}),
    },
  };
}
