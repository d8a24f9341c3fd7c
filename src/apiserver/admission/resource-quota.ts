import { addResources, type ResourceList } from "../../kinds/core/resource-list.ts";
import { isZero, namesAbove, subtractQuantities } from "../../kinds/core/resource-quota/arithmetic.ts";
import {
  attributesClassesOf,
  isResourceClaims,
  isTerminating,
  quotaMatches,
  quotaUsage,
  type UsageContext,
  unspecifiedResources,
} from "../../kinds/core/resource-quota/usage.ts";
import type { PersistentVolumeClaim, Pod, ResourceQuota } from "../../kinds/generated/core-v1.ts";
import type { DeviceClass } from "../../kinds/generated/resource-v1.ts";
import { extendedResources } from "../../kinds/resource/device-class/extended-resources.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader, ObjectWriter } from "../types.ts";
import { refuse } from "./request.ts";

/** Kinds that no quota counts: upstream's ignored resources, and those that are not stored. */
const ignored = new Set(["events", "bindings"]);
const countedUpdates = new Set(["services", "persistentvolumeclaims"]);

/**
 * Refuses writes that would use more than a ResourceQuota allows. Usage is added to the quota's status before the
 * object is stored, one write at a time a namespace; where the write then fails, the quota controller puts it right.
 */
export function resourceQuota(reader: ObjectReader, writer: ObjectWriter): AdmissionPlugin {
  /** Namespace to the last check under way. */
  const queues = new Map<string, Promise<void>>();

  const quotasIn = (namespace: string): readonly ResourceQuota[] =>
    reader.list<ResourceQuota>("", "resourcequotas", namespace);

  const contextOf = ({ kind }: AdmissionRequest): UsageContext => {
    const now = Date.now();
    if (!isResourceClaims(kind.group, kind.plural)) return { now };
    return { now, extendedResourceOf: extendedResources(reader.list<DeviceClass>("resource.k8s.io", "deviceclasses")) };
  };

  async function charge(request: AdmissionRequest, quotas: readonly ResourceQuota[]): Promise<void> {
    const context = contextOf(request);
    // All are checked before any is charged.
    for (const quota of quotas) next(request, quota, context);
    if (request.dryRun) return;
    for (const quota of quotas) {
      if (next(request, quota, context) === undefined) continue;
      const { name = "", namespace = "" } = quota.metadata ?? {};
      const target = { group: "", plural: "resourcequotas", namespace, name, subresource: "status" };
      await writer.modify(
        target,
        (current) => next(request, current as ResourceQuota, context) as UnknownObject | undefined,
      );
    }
  }

  async function takeTurn(request: AdmissionRequest): Promise<void> {
    const { namespace } = request;
    const before = queues.get(namespace) ?? Promise.resolve();
    const turn = before.then(() => charge(request, quotasIn(namespace)));
    const settled = turn.catch(() => undefined);
    queues.set(namespace, settled);
    try {
      await turn;
    } finally {
      if (queues.get(namespace) === settled) queues.delete(namespace);
    }
  }

  return {
    name: "ResourceQuota",
    validate(request) {
      if (isCounted(request) && quotasIn(request.namespace).length > 0) return takeTurn(request);
    },
  };
}

function isCounted(request: AdmissionRequest): boolean {
  const { kind, operation, subresource, namespace } = request;
  if (namespace === "" || ignored.has(kind.plural)) return false;
  if (kind.group === "" && kind.plural === "pods" && subresource === "resize") return operation === "UPDATE";
  if (kind.group === "" && kind.plural === "persistentvolumeclaims" && subresource === "status") {
    return operation === "UPDATE" && claimChangesUsage(request);
  }
  if (subresource !== "") return false;
  if (operation === "UPDATE" && kind.group === "" && kind.plural === "pods") return changesScope(request);
  if (operation === "CREATE") return true;
  if (operation !== "UPDATE") return false;
  return kind.group === "" ? countedUpdates.has(kind.plural) : isResourceClaims(kind.group, kind.plural);
}

/** Whether a pod gets a deadline, or loses it: it is then among the pods of another scope. */
function changesScope({ object, oldObject }: AdmissionRequest): boolean {
  return isTerminating(object as Pod) !== isTerminating(oldObject as Pod);
}

/** Whether the status of a claim speaks of other classes of attributes than before, or of another size. */
function claimChangesUsage({ object, oldObject }: AdmissionRequest): boolean {
  const counted = (claim: PersistentVolumeClaim): string =>
    [claim.status?.allocatedResources?.["storage"], ...new Set(attributesClassesOf(claim).sort())].join();
  return counted(object as PersistentVolumeClaim) !== counted(oldObject as PersistentVolumeClaim);
}

/** The quota with the request's usage added; undefined where it does not count it. Throws StatusError where it is exceeded. */
function next(request: AdmissionRequest, quota: ResourceQuota, context: UsageContext): ResourceQuota | undefined {
  const { kind, object, oldObject } = request;
  if (object === undefined || !quotaMatches(quota, kind.group, kind.plural, object)) return undefined;
  const name = quota.metadata?.name ?? "";
  const hard = quota.status?.hard ?? {};
  const usage = quotaUsage(kind.group, kind.plural, object, context);
  const counted = Object.keys(hard).filter((one) => valueAt(usage, one) !== undefined);
  if (kind.group === "" && kind.plural === "pods") {
    const missing = unspecifiedResources(Object.keys(hard), object as Pod);
    if (missing !== "") throw refuse(request, `failed quota: ${name}: must specify ${missing}`);
  }
  const used = quota.status?.used ?? {};
  const unknown = counted.filter((one) => valueAt(used, one) === undefined).sort();
  if (unknown.length > 0) throw refuse(request, `status unknown for quota: ${name}, resources: ${unknown.join(",")}`);
  const wasCounted =
    request.operation === "UPDATE" && oldObject && quotaMatches(quota, kind.group, kind.plural, oldObject);
  const previous = wasCounted ? quotaUsage(kind.group, kind.plural, oldObject, context) : {};
  const delta = withoutZeros(subtractQuantities(pick(usage, counted), previous));
  if (Object.keys(delta).length === 0) return undefined;
  const total = addResources(used, delta);
  // What a status says has happened already.
  const exceeded = request.subresource === "status" ? [] : namesAbove(pick(total, Object.keys(delta)), hard);
  if (exceeded.length > 0) {
    const [requested, before, limited] = [delta, used, hard].map((list) => show(pick(list, exceeded)));
    throw refuse(request, `exceeded quota: ${name}, requested: ${requested}, used: ${before}, limited: ${limited}`);
  }
  return { ...quota, status: { ...quota.status, used: total } };
}

function pick(list: ResourceList, names: readonly string[]): ResourceList {
  const there = names.flatMap((name): [string, string][] => {
    const amount = valueAt(list, name);
    return amount === undefined ? [] : [[name, amount]];
  });
  return Object.fromEntries(there);
}

function withoutZeros(list: ResourceList): ResourceList {
  return Object.fromEntries(Object.entries(list).filter(([, value]) => !isZero(value)));
}

/** `cpu=1,pods=2`, sorted. */
function show(list: ResourceList): string {
  const parts = Object.entries(list).map(([name, value]) => `${name}=${value}`);
  return parts.sort().join(",");
}
