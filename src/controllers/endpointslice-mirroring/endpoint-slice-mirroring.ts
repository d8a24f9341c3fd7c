/**
 * Copies hand-made Endpoints of Services without a selector into EndpointSlices, which proxies read. Fed by Endpoints
 * and Services; feeds slices owned by the Endpoints.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { endpointSlices, endpoints, services } from "../../client/resources.ts";
import { managedByLabel, serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import type { EndpointAddress, EndpointSubset } from "../../kinds/generated/core-v1.ts";
import type { Endpoint } from "../../kinds/generated/discovery-v1.ts";
import { type EndpointGroup, syncSlices } from "../endpointslice/slices.ts";
import { indexByOwner, ownedBy } from "../framework/claim.ts";
import { newControllerReference } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";

const manager = "endpointslicemirroring-controller.k8s.io";
const skipLabel = "endpointslice.kubernetes.io/skip-mirror";
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

export const endpointSliceMirroringController = defineController({
  name: "endpointslice-mirroring",
  primary: endpoints,
  owns: [endpointSlices],
  watches: [watch(services, (service) => [objectKey(service)])],
  setUp: (context) => indexByOwner(context, endpointSlices),
  reconcile,
});

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const object = context.lister(endpoints).get(name, namespace);
  if (object === undefined) return context.expectations.forget(key);
  if (!context.expectations.satisfied(key)) return;
  const existing = ownedBy(context, endpointSlices, object).filter(
    (slice) => slice.metadata?.labels?.[managedByLabel] === manager,
  );
  const service = context.lister(services).get(name, namespace);
  const skipped =
    object.metadata?.labels?.[skipLabel] === "true" || object.metadata?.annotations?.[leaderAnnotation] !== undefined;
  const mirrored = service !== undefined && service.spec?.selector === undefined && !skipped;
  const groups = mirrored ? (object.subsets ?? []).flatMap(groupsOf) : [];
  const { [skipLabel]: _, ...labels } = object.metadata?.labels ?? {};
  const owner = {
    key,
    object,
    reference: newControllerReference(endpoints, object),
    labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: manager },
  };
  await syncSlices(context, owner, existing, groups);
}

function groupsOf(subset: EndpointSubset): EndpointGroup[] {
  const all = [
    ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
    ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
  ];
  const ports = (subset.ports ?? []).map((port) => ({ name: "", protocol: "TCP", ...port }));
  const families = Map.groupBy(all, ({ addresses }) => (addresses[0]?.includes(":") ? "IPv6" : "IPv4"));
  return [...families].map(([addressType, list]) => ({ addressType, ports, endpoints: list }));
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, ready: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}
