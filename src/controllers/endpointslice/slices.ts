import { endpointSlices } from "../../client/resources.ts";
import type { Endpoint, EndpointPort, EndpointSlice } from "../../kinds/generated/discovery-v1.ts";
import { isNotFound } from "../../machinery/errors/status-error.ts";
import type { KubernetesObject, OwnerReference } from "../../machinery/meta/object.ts";
import { canonicalJson, sameJson } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import type { ControllerContext } from "../framework/define-controller.ts";

/** Upstream's max-endpoints-per-slice. */
const maximumEndpoints = 100;
const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

/** Endpoints that share address type and ports, and so may share slices. */
export interface EndpointGroup {
  readonly addressType: string;
  readonly ports: EndpointPort[];
  readonly endpoints: Endpoint[];
}

export interface SliceOwner {
  readonly key: string;
  readonly object: KubernetesObject;
  readonly reference: OwnerReference;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const groupKey = (addressType: string, ports: readonly EndpointPort[] | undefined): string =>
  `${addressType} ${canonicalJson(ports ?? [])}`;
const endpointKey = ({ targetRef, addresses }: Endpoint): string => targetRef?.uid ?? addresses.join();

/** Brings the slices of an owner to hold exactly these groups, changing as few slices as it can. */
export async function syncSlices(
  context: ControllerContext,
  owner: SliceOwner,
  existing: readonly EndpointSlice[],
  groups: readonly EndpointGroup[],
): Promise<void> {
  const byGroup = Map.groupBy(existing, (slice) => groupKey(slice.addressType, slice.ports));
  const kept = new Set<EndpointSlice>();
  for (const group of groups) {
    const present = byGroup.get(groupKey(group.addressType, group.ports)) ?? [];
    const fills = distribute(group, present);
    for (const { slice, endpoints } of fills) {
      if (slice === undefined) await create(context, owner, group, endpoints);
      else {
        kept.add(slice);
        await update(context, owner, slice, endpoints);
      }
    }
  }
  for (const slice of existing) if (!kept.has(slice)) await remove(context, owner, slice);
}

interface Fill {
  readonly slice: EndpointSlice | undefined;
  readonly endpoints: Endpoint[];
}

/** Endpoints stay in the slice that they are in; new ones fill up what has room, then new slices. */
function distribute(group: EndpointGroup, present: readonly EndpointSlice[]): Fill[] {
  const wanted = new Map(group.endpoints.map((endpoint) => [endpointKey(endpoint), endpoint]));
  const fills: Fill[] = present.map((slice) => {
    const endpoints = (slice.endpoints ?? []).flatMap((endpoint) => {
      const next = wanted.get(endpointKey(endpoint));
      wanted.delete(endpointKey(endpoint));
      return next === undefined ? [] : [next];
    });
    return { slice, endpoints };
  });
  const rest = [...wanted.values()];
  for (const { endpoints } of fills)
    endpoints.push(...rest.splice(0, Math.max(0, maximumEndpoints - endpoints.length)));
  while (rest.length > 0) fills.push({ slice: undefined, endpoints: rest.splice(0, maximumEndpoints) });
  const used = fills.filter(({ endpoints }) => endpoints.length > 0);
  // An owner without endpoints keeps one empty slice, so that proxies know of it.
  if (used.length > 0) return used;
  return [fills[0] ?? { slice: undefined, endpoints: [] }];
}

async function create(
  context: ControllerContext,
  owner: SliceOwner,
  group: EndpointGroup,
  endpoints: Endpoint[],
): Promise<void> {
  const { name, namespace } = metaOf(owner.object);
  const annotations = { ...owner.annotations, [triggerTimeAnnotation]: new Date(context.clock.now()).toISOString() };
  context.expectations.expectCreations(owner.key, 1);
  try {
    await context.client.of(endpointSlices).create({
      metadata: {
        generateName: `${name}-`.slice(0, 57),
        namespace,
        labels: { ...owner.labels },
        annotations,
        ownerReferences: [owner.reference],
      },
      addressType: group.addressType,
      ports: group.ports,
      endpoints,
    });
  } catch (error) {
    context.expectations.creationObserved(owner.key);
    throw error;
  }
}

async function update(
  context: ControllerContext,
  owner: SliceOwner,
  slice: EndpointSlice,
  endpoints: Endpoint[],
): Promise<void> {
  const labels = slice.metadata?.labels ?? {};
  if (sameJson(slice.endpoints ?? [], endpoints) && sameJson(labels, owner.labels)) return;
  const annotations = {
    ...slice.metadata?.annotations,
    [triggerTimeAnnotation]: new Date(context.clock.now()).toISOString(),
  };
  await context.client.of(endpointSlices).update({
    ...slice,
    metadata: { ...slice.metadata, labels: { ...owner.labels }, annotations },
    endpoints,
  });
}

async function remove(context: ControllerContext, owner: SliceOwner, slice: EndpointSlice): Promise<void> {
  const { name, namespace, uid } = metaOf(slice);
  context.expectations.expectDeletions(owner.key, [uid]);
  try {
    await context.client.of(endpointSlices).delete(name, { namespace });
  } catch (error) {
    // Where it is gone already, the cache may have shown that before it was expected.
    context.expectations.deletionObserved(owner.key, uid);
    if (!isNotFound(error)) throw error;
  }
}
