/**
 * What an object uses of a ResourceQuota, and which quotas count it (upstream's quota evaluators). For the admission
 * plugin, which counts before a write, and the controller, which counts what is there.
 */

import { parseQuantity, Quantity } from "../../../machinery/quantity.ts";
import type {
  PersistentVolumeClaim,
  Pod,
  ResourceQuota,
  ScopedResourceSelectorRequirement,
  Service,
} from "../../generated/core-v1.ts";
import type { ResourceClaim } from "../../generated/resource-v1.ts";
import { isPodFinished } from "../pod/pod-state.ts";
import { podQosClass } from "../pod/quality-of-service.ts";
import { effectiveTotal } from "../pod/resource-total.ts";
import { addResources, type ResourceList } from "../resource-list.ts";
import { storageClassOf } from "../storage-class-name.ts";
import { deviceUsage, type ExtendedResourceOf } from "./device-usage.ts";

/** Resources counted under their bare names, as before `count/…` existed. */
const bareNames = new Set([
  "configmaps",
  "persistentvolumeclaims",
  "pods",
  "replicationcontrollers",
  "resourcequotas",
  "secrets",
  "services",
]);
const computeNames = ["cpu", "memory", "ephemeral-storage"];
const storageClassSuffix = ".storageclass.storage.k8s.io/";

/** What usage depends on beside the object. */
export interface UsageContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Default: none. */
  readonly extendedResourceOf?: ExtendedResourceOf;
}

/** Resource names of a quota to quantities that the object uses. Terminated pods use nothing but their count. */
export function quotaUsage(
  group: string,
  plural: string,
  object: object,
  { now, extendedResourceOf = () => undefined }: UsageContext,
): ResourceList {
  const usage: ResourceList = { [`count/${group === "" ? plural : `${plural}.${group}`}`]: "1" };
  if (isResourceClaims(group, plural)) return { ...usage, ...deviceUsage(object as ResourceClaim, extendedResourceOf) };
  if (group !== "") return usage;
  if (plural === "pods") return { ...usage, ...podUsage(object as Pod, now) };
  if (bareNames.has(plural)) usage[plural] = "1";
  if (plural === "services") return { ...usage, ...serviceUsage(object as Service) };
  if (plural === "persistentvolumeclaims") return { ...usage, ...claimUsage(object as PersistentVolumeClaim) };
  return usage;
}

export const isResourceClaims = (group: string, plural: string): boolean =>
  group === "resource.k8s.io" && plural === "resourceclaims";

function podUsage(pod: Pod, now: number): ResourceList {
  const { spec, metadata } = pod;
  if (spec === undefined || isPodFinished(pod) || isPastDeletion(metadata, now)) return {};
  const usage: ResourceList = { pods: "1" };
  for (const [name, quantity] of Object.entries(addResources(effectiveTotal(pod, "requests"), spec.overhead))) {
    usage[`requests.${name}`] = quantity;
    if (computeNames.includes(name) || name.startsWith("hugepages-")) usage[name] = quantity;
  }
  const limits = effectiveTotal(pod, "limits");
  for (const name of computeNames) {
    const limit = limits[name];
    if (limit !== undefined) usage[`limits.${name}`] = limitWithOverhead(limit, spec.overhead?.[name]);
  }
  return usage;
}

/** A limit of zero is none, and stays so. */
function limitWithOverhead(limit: string, overhead: string | undefined): string {
  const quantity = parseQuantity(limit);
  return overhead === undefined || quantity.isZero ? limit : quantity.add(parseQuantity(overhead)).toString();
}

/** A pod that should have gone no longer counts: its node may be lost. */
function isPastDeletion(metadata: Pod["metadata"], now: number): boolean {
  if (!metadata?.deletionTimestamp || metadata.deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(metadata.deletionTimestamp) + Number(metadata.deletionGracePeriodSeconds) * 1000;
}

function serviceUsage({ spec }: Service): ResourceList {
  const ports = spec?.ports ?? [];
  if (spec?.type === "NodePort") return { "services.nodeports": String(ports.length), "services.loadbalancers": "0" };
  if (spec?.type !== "LoadBalancer") return { "services.nodeports": "0", "services.loadbalancers": "0" };
  const nodePorts = spec.allocateLoadBalancerNodePorts === false ? ports.filter((port) => port.nodePort) : ports;
  return { "services.nodeports": String(nodePorts.length), "services.loadbalancers": "1" };
}

function claimUsage(claim: PersistentVolumeClaim): ResourceList {
  const storage = storageUsage(claim);
  const usage: ResourceList = storage === undefined ? {} : { "requests.storage": storage };
  const storageClass = storageClassOf(claim);
  if (storageClass === "") return usage;
  usage[`${storageClass}${storageClassSuffix}persistentvolumeclaims`] = "1";
  if (storage !== undefined) usage[`${storageClass}${storageClassSuffix}requests.storage`] = storage;
  return usage;
}

/** Whole bytes of what is asked for, or of what is allocated where that is more: an expansion may have been taken back. */
function storageUsage({ spec, status }: PersistentVolumeClaim): string | undefined {
  const asked = spec?.resources?.requests?.["storage"];
  if (asked === undefined) return undefined;
  const quantity = wholeBytes(asked);
  const allocated = wholeBytes(status?.allocatedResources?.["storage"] ?? "0");
  return (allocated.compare(quantity) > 0 ? allocated : quantity).toString();
}

function wholeBytes(text: string): Quantity {
  const quantity = parseQuantity(text);
  const bytes = (quantity.nanos + 999_999_999n) / 1_000_000_000n;
  return Quantity.of(bytes, quantity.format);
}

/** Whether the quota counts only some objects of a kind. */
export const hasScopes = ({ spec }: ResourceQuota): boolean =>
  (spec?.scopes?.length ?? 0) > 0 || (spec?.scopeSelector?.matchExpressions?.length ?? 0) > 0;

/** Whether the quota's scopes let it count the object. */
export function quotaMatches({ spec }: ResourceQuota, group: string, plural: string, object: object): boolean {
  const requirements: ScopedResourceSelectorRequirement[] = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
    ...(spec?.scopeSelector?.matchExpressions ?? []),
  ];
  if (requirements.length === 0) return true;
  if (group !== "") return false;
  if (plural === "pods") return requirements.every((requirement) => podMatches(requirement, object as Pod));
  if (plural !== "persistentvolumeclaims") return false;
  return requirements.every((requirement) => claimMatches(requirement, object as PersistentVolumeClaim));
}

/** By every class that the claim has, wants, or is on its way to. */
function claimMatches(requirement: ScopedResourceSelectorRequirement, claim: PersistentVolumeClaim): boolean {
  if (requirement.scopeName !== "VolumeAttributesClass") return false;
  const names = attributesClassesOf(claim);
  return (names.length === 0 ? [""] : names).some((name) => nameMatches(requirement, name));
}

export function attributesClassesOf({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
  ];
  return names.filter((name) => name !== undefined && name !== "") as string[];
}

/** An empty name is none. */
function nameMatches({ operator, values = [] }: ScopedResourceSelectorRequirement, name: string): boolean {
  if (operator === "Exists") return name !== "";
  if (operator === "DoesNotExist") return name === "";
  return operator === "In" ? values.includes(name) : !values.includes(name);
}

function podMatches(requirement: ScopedResourceSelectorRequirement, pod: Pod): boolean {
  const { spec, status } = pod;
  const isBestEffort = (status?.qosClass ?? podQosClass(spec)) === "BestEffort";
  switch (requirement.scopeName) {
    case "Terminating":
      return isTerminating(pod);
    case "NotTerminating":
      return !isTerminating(pod);
    case "BestEffort":
      return isBestEffort;
    case "NotBestEffort":
      return !isBestEffort;
    case "PriorityClass":
      return nameMatches(requirement, spec?.priorityClassName ?? "");
    case "CrossNamespacePodAffinity":
      return reachesOtherNamespaces(spec?.affinity);
    default:
      return false;
  }
}

/** Whether the pod ends by itself, as quotas see it. */
export const isTerminating = ({ spec }: Pod): boolean => (spec?.activeDeadlineSeconds ?? -1) >= 0;

function reachesOtherNamespaces(affinity: NonNullable<Pod["spec"]>["affinity"]): boolean {
  const terms = [affinity?.podAffinity, affinity?.podAntiAffinity].flatMap((one) => [
    ...(one?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(one?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((weighted) => weighted.podAffinityTerm),
  ]);
  return terms.some((term) => (term.namespaces?.length ?? 0) > 0 || term.namespaceSelector !== undefined);
}

const constrained = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

/** `limits.cpu for: c1,c2; …` of what containers leave out although the quota counts it; empty where nothing is. */
export function unspecifiedResources(hard: readonly string[], { spec }: Pod): string {
  // With figures for the pod as a whole, its containers need none.
  if (spec === undefined || spec.resources?.requests || spec.resources?.limits) return "";
  const missing = hard.filter((name) => constrained.includes(name)).sort();
  const parts = missing.flatMap((name) => {
    const kind = name.startsWith("limits.") ? "limits" : "requests";
    const resource = name.slice(name.indexOf(".") + 1);
    const containers = [...spec.containers, ...(spec.initContainers ?? [])]
      .filter((container) => container.resources?.[kind]?.[resource] === undefined)
      .map((container) => container.name);
    return containers.length === 0 ? [] : [`${name} for: ${[...new Set(containers)].sort().join(",")}`];
  });
  return parts.join("; ");
}
