/**
 * Marks ServiceCIDRs ready and keeps one that is deleted until no service would be left with an address that is in no
 * range: a finalizer goes on when it is created, and off when other ranges have all of its addresses or none is in use.
 * Fed by ServiceCIDRs and the IPAddresses of services. Follows upstream's servicecidrs controller.
 */
import { objectKey } from "../../client/object-cache.ts";
import { ipAddresses, serviceCIDRs } from "../../client/resources.ts";
import type { IPAddress, ServiceCIDR } from "../../kinds/generated/networking-v1.ts";
import { parseAddress, prefixCovers, prefixesOverlap, rangeContains } from "../../kinds/ip-prefix.ts";
import { isManagedByAllocator } from "../../kinds/networking/ip-address/labels.ts";
import { prefixesOf } from "../../kinds/networking/service-cidr/ranges.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type ControllerContext, defineController, watch } from "../framework/define-controller.ts";

export const serviceCIDRFinalizer = "networking.k8s.io/service-cidr-finalizer";
const component = "service-cidr-controller";
/** Between deletion and removal, for the allocator to have seen the one before the other. */
const gracePeriodMs = 10_000;

export const serviceCIDRController = defineController({
  name: "service-cidr",
  component,
  primary: serviceCIDRs,
  watches: [
    // A range that comes may free one that overlaps with it.
    watch(serviceCIDRs, (added, context, { type }) =>
      type === "added" ? overlapping(added, context.lister(serviceCIDRs).list()).map(objectKey) : [],
    ),
    watch(ipAddresses, (address, context, { type }) =>
      type === "updated" ? [] : holdersOf(address, context.lister(serviceCIDRs).list()).map(objectKey),
    ),
  ],
  async reconcile(name, context) {
    const serviceCIDR = context.lister(serviceCIDRs).get(name);
    if (serviceCIDR === undefined) return;
    if (metaOf(serviceCIDR).deletionTimestamp === undefined) await makeReady(serviceCIDR, context);
    else await finalize(serviceCIDR, context);
  },
});

function overlapping(added: ServiceCIDR, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  const prefixes = prefixesOf(added);
  return all.filter((one) => prefixesOf(one).some((a) => prefixes.some((b) => prefixesOverlap(a, b))));
}

/** The ranges that a service's address is in; none for an IPAddress of somebody else. */
function holdersOf(ipAddress: IPAddress, all: readonly ServiceCIDR[]): ServiceCIDR[] {
  const address = isManagedByAllocator(ipAddress) ? parseAddress(metaOf(ipAddress).name) : undefined;
  if (address === undefined) return [];
  return all.filter((one) => prefixesOf(one).some((prefix) => rangeContains(prefix, address)));
}

async function makeReady(serviceCIDR: ServiceCIDR, context: ControllerContext): Promise<void> {
  const { finalizers = [] } = metaOf(serviceCIDR);
  if (!finalizers.includes(serviceCIDRFinalizer)) {
    await setFinalizers(serviceCIDR, [...finalizers, serviceCIDRFinalizer], context);
  }
  await setReady(serviceCIDR, { status: "True", reason: "", message: "Kubernetes Service CIDR is ready" }, context);
}

async function finalize(serviceCIDR: ServiceCIDR, context: ControllerContext): Promise<void> {
  const { name, deletionTimestamp = "", finalizers = [] } = metaOf(serviceCIDR);
  if (leavesOrphans(serviceCIDR, context)) {
    const message =
      "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR";
    await setReady(serviceCIDR, { status: "False", reason: "Terminating", message }, context);
    return;
  }
  const remaining = Date.parse(deletionTimestamp) + gracePeriodMs - context.clock.now();
  if (remaining > 0) return context.enqueue(name, remaining);
  const others = finalizers.filter((one) => one !== serviceCIDRFinalizer);
  if (others.length < finalizers.length) await setFinalizers(serviceCIDR, others, context);
}

async function setFinalizers(object: ServiceCIDR, finalizers: string[], context: ControllerContext): Promise<void> {
  const next = { ...object, metadata: { ...object.metadata, finalizers } };
  await ignoreNotFound(context.client.of(serviceCIDRs).update(next));
}

/** Whether a service has an address that no other range has. Ranges on their way out count, as they do upstream. */
function leavesOrphans(serviceCIDR: ServiceCIDR, context: ControllerContext): boolean {
  const all = context.lister(serviceCIDRs).list();
  const { name } = metaOf(serviceCIDR);
  const isCovered = prefixesOf(serviceCIDR).every((inner) =>
    all.some((other) => metaOf(other).name !== name && prefixesOf(other).some((outer) => prefixCovers(outer, inner))),
  );
  if (isCovered) return false;
  return context
    .lister(ipAddresses)
    .list()
    .some((ipAddress) => {
      const holders = holdersOf(ipAddress, all);
      return holders.length === 1 && metaOf(holders[0] as ServiceCIDR).name === name;
    });
}

interface ReadyCondition {
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

async function setReady(serviceCIDR: ServiceCIDR, next: ReadyCondition, context: ControllerContext): Promise<void> {
  const current = serviceCIDR.status?.conditions?.find(({ type }) => type === "Ready");
  const { status, reason, message } = next;
  if (current?.status === status && (current.reason ?? "") === reason && current.message === message) return;
  const { name } = metaOf(serviceCIDR);
  const condition = { type: "Ready", ...next, lastTransitionTime: formatTime(context.clock.now()) };
  const patch = {
    apiVersion: "networking.k8s.io/v1",
    kind: "ServiceCIDR",
    metadata: { name },
    status: { conditions: [condition] },
  };
  const options = { type: "apply", subresource: "status", fieldManager: component, force: true } as const;
  await ignoreNotFound(context.client.of(serviceCIDRs).patch(name, patch, options));
}
