import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, formatLabels, nameColumn, orNone, selectorColumn } from "../../column-parts.ts";
import type { Service, ServicePort } from "../../generated/core-v1.ts";

/** The addresses of a load balancer's status, sorted. */
export function loadBalancerAddresses(
  ingress: readonly { ip?: string | undefined; hostname?: string | undefined }[] | undefined,
): string {
  const addresses = (ingress ?? []).map(({ ip, hostname }) => ip || hostname || "").filter((one) => one !== "");
  return [...new Set(addresses)].sort().join(",");
}

function externalAddress({ spec, status }: Service): string {
  const external = (spec?.externalIPs ?? []).join(",");
  switch (spec?.type) {
    case "ClusterIP":
    case "NodePort":
      return orNone(external);
    case "LoadBalancer": {
      const balanced = loadBalancerAddresses(status?.loadBalancer?.ingress);
      return [balanced, external].filter((one) => one !== "").join(",") || "<pending>";
    }
    case "ExternalName":
      return spec.externalName ?? "";
    default:
      return "<unknown>";
  }
}

function formatPort({ port, nodePort, protocol }: ServicePort): string {
  return nodePort ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`;
}

export const serviceColumns: readonly Column<Service>[] = [
  nameColumn(),
  { name: "Type", type: "string", value: ({ spec }) => spec?.type ?? "" },
  { name: "Cluster-IP", type: "string", value: ({ spec }) => orNone(spec?.clusterIPs?.[0]) },
  { name: "External-IP", type: "string", value: externalAddress },
  { name: "Port(s)", type: "string", value: ({ spec }) => orNone((spec?.ports ?? []).map(formatPort).join(",")) },
  ageColumn(),
  selectorColumn(({ spec }) => formatLabels(spec?.selector)),
];
