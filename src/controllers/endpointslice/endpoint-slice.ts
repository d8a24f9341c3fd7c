/**
 * EndpointSlices of Services with a selector: the ready, serving and terminating pods behind each. Fed by Services,
 * pods and nodes (zones); feeds kube-proxy and DNS. Follows upstream's staging endpointslice reconciler.
 */

import { splitKey } from "../../client/object-cache.ts";
import { endpointSlices, nodes, pods, services } from "../../client/resources.ts";
import { isHeadless } from "../../kinds/core/service/headless.ts";
import { managedByLabel, serviceNameLabel } from "../../kinds/discovery/endpoint-slice/labels.ts";
import type { Service } from "../../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import { labelSelectorFromSet } from "../../machinery/selectors/label-selector.ts";
import { canonicalJson } from "../framework/canonical-json.ts";
import { indexByOwner, ownedBy } from "../framework/claim.ts";
import { metaOf, newControllerReference } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import { selectsPods, servicesOfPod } from "../framework/services.ts";
import { addressesOf, addressTypes, endpointOf, isEndpoint, portsOf } from "./endpoint.ts";
import { type EndpointGroup, syncSlices } from "./slices.ts";

const manager = "endpointslice-controller.k8s.io";

export const endpointSliceController = defineController({
  name: "endpointslice",
  component: "endpoint-slice-controller",
  primary: services,
  owns: [endpointSlices],
  watches: [watch(pods, servicesOfPod)],
  setUp: (context) => indexByOwner(context, endpointSlices),
  reconcile,
});

async function reconcile(key: string, context: ControllerContext): Promise<void> {
  const { namespace, name } = splitKey(key);
  const service = context.lister(services).get(name, namespace);
  // Slices of a Service that is gone are left to garbage collection.
  if (service === undefined) return context.expectations.forget(key);
  if (service.metadata?.deletionTimestamp !== undefined || !selectsPods(service)) return;
  if (!context.expectations.satisfied(key)) return;
  const existing = ownedBy(context, endpointSlices, service).filter(
    (slice) => slice.metadata?.labels?.[managedByLabel] === manager && !slice.metadata.deletionTimestamp,
  );
  const owner = {
    key,
    object: service,
    reference: newControllerReference(services, service),
    labels: sliceLabels(service),
  };
  await syncSlices(context, owner, existing, groupEndpoints(service, existing, context));
}

function sliceLabels(service: Service): Record<string, string> {
  const { name, labels = {} } = metaOf(service);
  const headless = isHeadless(service.spec) ? { "service.kubernetes.io/headless": "" } : {};
  return { ...labels, ...headless, [serviceNameLabel]: name, [managedByLabel]: manager };
}

function groupEndpoints(
  service: Service,
  existing: readonly EndpointSlice[],
  context: ControllerContext,
): EndpointGroup[] {
  const selector = labelSelectorFromSet(service.spec?.selector ?? {});
  const selected = context
    .lister(pods)
    .list(metaOf(service).namespace)
    .filter((pod) => isEndpoint(pod) && selector.matches(pod.metadata?.labels ?? {}));
  return addressTypes(service).flatMap((addressType) => {
    const groups = new Map<string, EndpointGroup>();
    for (const pod of selected) {
      if (addressesOf(pod, addressType).length === 0) continue;
      const ports = portsOf(pod, service);
      const id = canonicalJson(ports);
      const group = groups.get(id) ?? { addressType, ports, endpoints: [] };
      groups.set(id, group);
      const node = context.lister(nodes).get(pod.spec?.nodeName ?? "");
      group.endpoints.push(endpointOf(pod, service, addressType, node));
    }
    if (groups.size > 0) return [...groups.values()];
    const placeholder = existing.find((slice) => slice.addressType === addressType);
    return [{ addressType, ports: placeholder?.ports ?? [], endpoints: [] }];
  });
}
