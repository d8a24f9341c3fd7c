/**
 * Endpoints, the older form of EndpointSlices: one object for each Service with a selector. Fed by Services and pods;
 * read by clients that do not know slices.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { endpoints, pods, services } from "../../client/resources.ts";
import { isPodReady } from "../../kinds/core/pod/pod-state.ts";
import { isHeadless } from "../../kinds/core/service/headless.ts";
import type { EndpointAddress, EndpointPort, EndpointSubset, Pod, Service } from "../../kinds/generated/core-v1.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { labelSelectorFromSet } from "../../machinery/selectors/label-selector.ts";
import { addressesOf, addressTypes, isEndpoint } from "../endpointslice/endpoint.ts";
import { canonicalJson, sameJson } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { endpointHostname, selectsPods, servicesOfPod, targetPort } from "../framework/services.ts";

const managedBy = { "endpoints.kubernetes.io/managed-by": "endpoint-controller" };

export const endpointsController = defineController({
  name: "endpoint",
  primary: services,
  watches: [watch(pods, servicesOfPod), watch(endpoints, (object) => [objectKey(object)])],
  reconcile,
});

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const service = context.lister(services).get(name, namespace);
  const present = context.lister(endpoints).get(name, namespace);
  if (service === undefined) {
    if (present === undefined || present.metadata?.labels?.["endpoints.kubernetes.io/managed-by"] === undefined) return;
    await ignoreNotFound(context.client.of(endpoints).delete(name, { namespace }));
    return;
  }
  if (!selectsPods(service)) return;
  const subsets = subsetsOf(service, context);
  const headless = isHeadless(service.spec) ? { "service.kubernetes.io/headless": "" } : {};
  const labels = { ...service.metadata?.labels, ...headless, ...managedBy };
  if (present === undefined) {
    await context.client.of(endpoints).create({ metadata: { name, namespace, labels }, subsets });
  } else if (!sameJson(present.subsets ?? [], subsets) || !sameJson(present.metadata?.labels ?? {}, labels)) {
    await context.client.of(endpoints).update({ ...present, metadata: { ...present.metadata, labels }, subsets });
  }
}

function subsetsOf(service: Service, context: ControllerContext): EndpointSubset[] {
  const selector = labelSelectorFromSet(service.spec?.selector ?? {});
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  const [type = "IPv4"] = addressTypes(service);
  const groups = new Map<string, { ports: EndpointPort[]; ready: EndpointAddress[]; notReady: EndpointAddress[] }>();
  for (const pod of context.lister(pods).list(metaOf(service).namespace)) {
    if (!isEndpoint(pod) || !selector.matches(pod.metadata?.labels ?? {})) continue;
    if (pod.metadata?.deletionTimestamp !== undefined && !publishAll) continue;
    const [ip] = addressesOf(pod, type);
    if (ip === undefined) continue;
    const ports = portsOf(pod, service);
    if (ports === undefined) continue;
    const id = canonicalJson(ports);
    const group = groups.get(id) ?? { ports, ready: [], notReady: [] };
    groups.set(id, group);
    (publishAll || isPodReady(pod) ? group.ready : group.notReady).push(addressOf(ip, pod, service));
  }
  const byIp = (a: EndpointAddress, b: EndpointAddress): number => (a.ip < b.ip ? -1 : 1);
  return [...groups]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, notReady }]) => ({
      ...(ready.length === 0 ? {} : { addresses: ready.sort(byIp) }),
      ...(notReady.length === 0 ? {} : { notReadyAddresses: notReady.sort(byIp) }),
      ...(ports.length === 0 ? {} : { ports }),
    }));
}

/** Undefined where the pod has none of the Service's ports. */
function portsOf(pod: Pod, service: Service): EndpointPort[] | undefined {
  const wanted = service.spec?.ports ?? [];
  const ports = wanted.flatMap((port) => {
    const number = targetPort(pod, port);
    const { name, protocol = "TCP", appProtocol } = port;
    if (number === undefined) return [];
    return [
      { ...(name ? { name } : {}), port: number, protocol, ...(appProtocol === undefined ? {} : { appProtocol }) },
    ];
  });
  return wanted.length > 0 && ports.length === 0 ? undefined : ports;
}

function addressOf(ip: string, pod: Pod, service: Service): EndpointAddress {
  const { name, namespace, uid } = metaOf(pod);
  const hostname = endpointHostname(pod, service);
  return {
    ip,
    ...(hostname === undefined ? {} : { hostname }),
    ...(pod.spec?.nodeName ? { nodeName: pod.spec.nodeName } : {}),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}
