import { isPodFinished, isPodReady } from "../../kinds/core/pod/pod-state.ts";
import type { Node, Pod, Service } from "../../kinds/generated/core-v1.ts";
import type { Endpoint, EndpointPort } from "../../kinds/generated/discovery-v1.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { endpointHostname, targetPort } from "../framework/services.ts";

export type AddressType = "IPv4" | "IPv6";

/** Families that a Service wants endpoints in. */
export function addressTypes(service: Service): AddressType[] {
  const families = service.spec?.ipFamilies ?? [];
  if (families.length > 0) return families as AddressType[];
  return service.spec?.clusterIP?.includes(":") ? ["IPv6"] : ["IPv4"];
}

export function addressesOf(pod: Pod, type: AddressType): string[] {
  const { podIPs, podIP } = pod.status ?? {};
  const all = podIPs?.map(({ ip }) => ip) ?? (podIP ? [podIP] : []);
  return all.filter((ip) => ip && ip.includes(":") === (type === "IPv6"));
}

/** Whether a pod has, or may get, a place in slices: not finished, and with an address. */
export function isEndpoint(pod: Pod): boolean {
  return !isPodFinished(pod) && Boolean(pod.status?.podIP || pod.status?.podIPs?.length);
}

/** The pod as an endpoint of the Service; `node` gives its zone. Hints follow the Service's trafficDistribution. */
export function endpointOf(pod: Pod, service: Service, type: AddressType, node: Node | undefined): Endpoint {
  const { name, namespace, uid, deletionTimestamp } = metaOf(pod);
  const serving = isPodReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  const zone = node?.metadata?.labels?.["topology.kubernetes.io/zone"];
  const hostname = endpointHostname(pod, service);
  const hints = ready ? hintsOf(service.spec?.trafficDistribution, zone, pod.spec?.nodeName) : undefined;
  return {
    addresses: addressesOf(pod, type).slice(0, 1),
    conditions: { ready, serving, terminating },
    ...(hints === undefined ? {} : { hints }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
    ...(zone === undefined ? {} : { zone }),
  };
}

function hintsOf(distribution: string | undefined, zone?: string, nodeName?: string): Endpoint["hints"] {
  const forZones = zone === undefined ? {} : { forZones: [{ name: zone }] };
  switch (distribution) {
    case "PreferSameNode":
      return { ...(nodeName === undefined ? {} : { forNodes: [{ name: nodeName }] }), ...forZones };
    case "PreferClose":
    case "PreferSameZone":
      return zone === undefined ? undefined : forZones;
    default:
      return undefined;
  }
}

/** The ports of a Service as this pod has them; a named port that it lacks is left out. */
export function portsOf(pod: Pod, service: Service): EndpointPort[] {
  return (service.spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(pod, port);
    if (number === undefined) return [];
    const { name = "", protocol = "TCP", appProtocol } = port;
    return [{ name, port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}
