/**
 * Keeps status.used of ResourceQuotas true, above all after deletions; the API server's admission counts creations.
 * Fed by quotas, pods, Services and claims, and by the metadata monitors for everything that is only counted.
 */

import { objectKey, splitKey } from "../../client/object-cache.ts";
import { persistentVolumeClaims, pods, resourceQuotas, services } from "../../client/resources.ts";
import type { ResourceQuota } from "../../kinds/generated/core-v1.ts";
import { Quantity } from "../../machinery/quantity.ts";
import { sameJson } from "../framework/canonical-json.ts";
import { type Controller, type ControllerContext, defineController, watch } from "../framework/define-controller.ts";
import type { MetadataMonitors } from "../framework/metadata-monitors.ts";
import { isPodFinished } from "../framework/pods.ts";
import { claimUsage, podUsage, serviceUsage, type Usage } from "./usage.ts";

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
      watch(pods, (pod, context, { type, old }) =>
        type === "deleted" || (old !== undefined && isPodFinished(pod) && !isPodFinished(old))
          ? keysOf(pod.metadata?.namespace, context)
          : [],
      ),
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
      const usage = await measure(quota, namespace, monitors, context);
      const used = Object.fromEntries(
        Object.keys(hard).map((resource) => [resource, (usage.get(resource) ?? Quantity.of(0)).toString()]),
      );
      const status = { hard, used };
      if (sameJson(quota.status, status)) return;
      await context.client.of(resourceQuotas).updateStatus({ ...quota, status });
    },
  });
}

/** Whether its status speaks of the limits that its spec has now. */
function isCounted({ spec, status }: ResourceQuota): boolean {
  const names = Object.keys(spec?.hard ?? {});
  return sameJson(status?.hard, spec?.hard) && names.every((name) => status?.used?.[name] !== undefined);
}

async function measure(
  { spec = {} }: ResourceQuota,
  namespace: string,
  monitors: MetadataMonitors,
  context: ControllerContext,
): Promise<Usage> {
  const usage: Usage = new Map([
    ...podUsage(context.lister(pods).list(namespace), spec, context.clock.now()),
    ...serviceUsage(context.lister(services).list(namespace)),
    ...claimUsage(context.lister(persistentVolumeClaims).list(namespace)),
  ]);
  const scoped = (spec.scopes?.length ?? 0) > 0 || spec.scopeSelector !== undefined;
  for (const name of Object.keys(spec.hard ?? {})) {
    if (usage.has(name) || (scoped && name === "count/pods")) continue;
    const counted = plainCounts.has(name) ? name : name.startsWith("count/") ? name.slice("count/".length) : undefined;
    if (counted === undefined) continue;
    const dot = counted.indexOf(".");
    const [plural, group] = dot < 0 ? [counted, ""] : [counted.slice(0, dot), counted.slice(dot + 1)];
    // The monitors may not have seen the very quota that is counted here.
    const own = group === "" && plural === resourceQuotas.plural;
    const count = own
      ? context.lister(resourceQuotas).list(namespace).length
      : monitors.count(group, plural, namespace);
    usage.set(name, Quantity.of(count ?? 0));
  }
  return usage;
}
