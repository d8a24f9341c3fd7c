/**
 * Keeps status.used of ResourceQuotas true, above all after deletions; the API server's admission counts creations.
 * Fed by quotas, pods, Services and volume claims, and by the metadata monitors for everything that is only counted;
 * claims for devices are listed where a quota counts devices.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import {
  deviceClasses,
  persistentVolumeClaims,
  pods,
  resourceClaims,
  resourceQuotas,
  services,
} from "../../client/resources.ts";
import type { ResourceRef } from "../../client/types.ts";
import type { ResourceList } from "../../kinds/core/resource-list.ts";
import { devicesSuffix, deviceUsage } from "../../kinds/core/resource-quota/device-usage.ts";
import { hasScopes, isTerminating, quotaMatches, quotaUsage } from "../../kinds/core/resource-quota/usage.ts";
import type { Pod, ResourceQuota } from "../../kinds/generated/core-v1.ts";
import { extendedResources } from "../../kinds/resource/device-class/extended-resources.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import { parseQuantity, Quantity } from "../../machinery/quantity.ts";
import { sameJson } from "../framework/canonical-json.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type Controller, type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import type { MetadataMonitors } from "../framework/metadata-monitors.ts";

/** Quotas that are counts of core resources under a name of their own. */
const plainCounts = new Set(["configmaps", "secrets", "replicationcontrollers", "resourcequotas"]);
/** Admission writes usage at the same time: let it finish before counting. */
const settleMs = 200;

export function createResourceQuotaController(monitors: MetadataMonitors): Controller {
  const quotasOf = (namespace: string | undefined, context: ControllerContext): ResourceQuota[] =>
    context.lister(resourceQuotas).list(namespace);
  const keysOf = (namespace: string | undefined, context: ControllerContext): string[] =>
    quotasOf(namespace, context).map(objectKey);
  return defineController({
    name: "resourcequota",
    primary: resourceQuotas,
    // Its status changes by admission, ahead of the object that it counts: to count now would take that back.
    ignores: (quota: ResourceQuota, old: ResourceQuota) =>
      sameJson(quota.spec?.hard, old.spec?.hard) && isCounted(quota),
    watches: [
      watch(pods, (pod, context, { type, old }) => {
        const keys = type === "added" ? [] : keysOf(pod.metadata?.namespace, context);
        const counts = type === "deleted" || (old !== undefined && changesUsage(pod, old, context.clock.now()));
        return keys.length > 0 && counts ? keys : [];
      }),
      watch(services, (service, context, { type, old }) =>
        type === "deleted" || (old !== undefined && service.spec?.type !== old.spec?.type)
          ? keysOf(service.metadata?.namespace, context)
          : [],
      ),
      watch(persistentVolumeClaims, ({ metadata }, context, { type }) =>
        type === "added" ? [] : keysOf(metadata?.namespace, context),
      ),
    ],
    setUp(context) {
      const recount = (namespace: string): void => {
        for (const quota of quotasOf(namespace, context)) context.enqueue(objectKey(quota), settleMs);
      };
      monitors.subscribe({ removed: ({ namespace }) => (namespace === "" ? undefined : recount(namespace)) });
    },
    async reconcile(key, context) {
      const { namespace, name } = splitKey(key);
      const quota = context.lister(resourceQuotas).get(name, namespace);
      if (quota === undefined) return;
      const hard = quota.spec?.hard ?? {};
      const usage = measure(quota, monitors, context);
      if (countsDevices(quota)) await addDevices(usage, quota, context);
      const used = Object.fromEntries(
        Object.keys(hard).map((resource) => [resource, (usage.get(resource) ?? Quantity.of(0)).toString()]),
      );
      const status = { hard, used };
      if (sameJson(quota.status, status)) return;
      await context.client.of(resourceQuotas).updateStatus({ ...quota, status });
    },
  });
}

/** Whether quotas count a pod otherwise than before: it ended, was resized, or has another scope. */
function changesUsage(pod: Pod, old: Pod, now: number): boolean {
  if (isTerminating(pod) !== isTerminating(old)) return true;
  return !sameJson(quotaUsage("", "pods", pod, { now }), quotaUsage("", "pods", old, { now }));
}

/** Whether its status speaks of the limits that its spec has now. */
function isCounted({ spec, status }: ResourceQuota): boolean {
  const names = Object.keys(spec?.hard ?? {});
  return sameJson(status?.hard, spec?.hard) && names.every((name) => valueAt(status?.used, name) !== undefined);
}

/** Amounts by the names that quotas use. */
type Usage = Map<string, Quantity>;

/** Kinds of which quotas count more than the number. */
const measured: readonly ResourceRef<KubernetesObject>[] = [pods, services, persistentVolumeClaims];

function measure(quota: ResourceQuota, monitors: MetadataMonitors, context: ControllerContext): Usage {
  const { namespace } = metaOf(quota);
  const now = context.clock.now();
  const usage: Usage = new Map();
  for (const resource of measured) {
    for (const object of context.lister(resource).list(namespace)) {
      if (!quotaMatches(quota, resource.group, resource.plural, object)) continue;
      addUsage(usage, quotaUsage(resource.group, resource.plural, object, { now }));
    }
  }
  for (const name of Object.keys(quota.spec?.hard ?? {})) {
    const counted = countedResource(name);
    // Scopes pick among pods and volume claims alone.
    if (counted === undefined || hasScopes(quota)) continue;
    // The monitors may not have seen the very quota that is counted here.
    const count = isResource(resourceQuotas, counted)
      ? context.lister(resourceQuotas).list(namespace).length
      : monitors.count(counted.group, counted.plural, namespace);
    usage.set(name, Quantity.of(count ?? 0));
  }
  return usage;
}

/** By class, or as extended resources. */
function countsDevices(quota: ResourceQuota): boolean {
  const names = Object.keys(quota.spec?.hard ?? {});
  const isDevices = (name: string): boolean =>
    name.endsWith(devicesSuffix) || (name.startsWith("requests.") && name.includes("/"));
  return !hasScopes(quota) && names.some(isDevices);
}

/** Adds what claims ask for of devices, which few clusters have: hence no informers. */
async function addDevices(usage: Usage, quota: ResourceQuota, { client }: ControllerContext): Promise<void> {
  const { items: claims } = await client.of(resourceClaims).list({ namespace: metaOf(quota).namespace });
  if (claims.length === 0) return;
  const { items: classes } = await client.of(deviceClasses).list();
  for (const claim of claims) addUsage(usage, deviceUsage(claim, extendedResources(classes)));
}

function addUsage(usage: Usage, list: ResourceList): void {
  for (const [name, text] of Object.entries(list)) {
    usage.set(name, (usage.get(name) ?? Quantity.of(0)).add(parseQuantity(text)));
  }
}

interface GroupResource {
  readonly group: string;
  readonly plural: string;
}

const isResource = (one: GroupResource, { group, plural }: GroupResource): boolean =>
  one.group === group && one.plural === plural;

/** What `count/deployments.apps` or `secrets` counts; undefined for names that are measured, or no count. */
function countedResource(name: string): GroupResource | undefined {
  const counted = plainCounts.has(name) ? name : name.startsWith("count/") ? name.slice("count/".length) : undefined;
  if (counted === undefined) return undefined;
  const dot = counted.indexOf(".");
  const resource =
    dot < 0 ? { plural: counted, group: "" } : { plural: counted.slice(0, dot), group: counted.slice(dot + 1) };
  return measured.some((one) => isResource(one, resource)) ? undefined : resource;
}
