import type { PersistentVolumeClaim, Pod, ResourceQuotaSpec, Service } from "../../kinds/generated/core-v1.ts";
import { parseQuantity, Quantity } from "../../machinery/quantity.ts";
import { isPodFinished } from "../framework/pods.ts";

export type Usage = Map<string, Quantity>;

function add(usage: Usage, name: string, amount: Quantity): void {
  usage.set(name, (usage.get(name) ?? Quantity.of(0)).add(amount));
}

const one = Quantity.of(1);

type Quantities = Readonly<Record<string, string>> | undefined;

/** Sum over containers, or the largest init container where that is more. */
function podTotals(pod: Pod, part: "requests" | "limits"): Map<string, Quantity> {
  const totals = new Map<string, Quantity>();
  for (const container of pod.spec?.containers ?? []) {
    for (const [name, text] of Object.entries((container.resources?.[part] as Quantities) ?? {})) {
      add(totals, name, parseQuantity(text));
    }
  }
  for (const container of pod.spec?.initContainers ?? []) {
    for (const [name, text] of Object.entries((container.resources?.[part] as Quantities) ?? {})) {
      const quantity = parseQuantity(text);
      if (container.restartPolicy === "Always") add(totals, name, quantity);
      else if ((totals.get(name) ?? Quantity.of(0)).compare(quantity) < 0) totals.set(name, quantity);
    }
  }
  for (const [name, text] of Object.entries((pod.spec?.overhead as Quantities) ?? {})) {
    if (totals.has(name)) add(totals, name, parseQuantity(text));
  }
  return totals;
}

/** What pods that are not finished use: `pods`, `cpu`, `requests.memory`, `limits.cpu`, `count/pods` for all. */
export function podUsage(pods: readonly Pod[], spec: ResourceQuotaSpec, now: number): Usage {
  const usage: Usage = new Map();
  for (const pod of pods) {
    if (!inScope(pod, spec)) continue;
    add(usage, "count/pods", one);
    if (isPodFinished(pod) || isOverdue(pod, now)) continue;
    add(usage, "pods", one);
    for (const [name, amount] of podTotals(pod, "requests")) {
      add(usage, `requests.${name}`, amount);
      if (name === "cpu" || name === "memory" || name === "ephemeral-storage" || name.startsWith("hugepages-")) {
        add(usage, name, amount);
      }
    }
    for (const [name, amount] of podTotals(pod, "limits")) add(usage, `limits.${name}`, amount);
  }
  return usage;
}

/** A pod whose deletion is overdue (its node is lost) no longer counts. */
function isOverdue({ metadata }: Pod, now: number): boolean {
  if (metadata?.deletionTimestamp === undefined || metadata.deletionGracePeriodSeconds === undefined) return false;
  return now > Date.parse(metadata.deletionTimestamp) + metadata.deletionGracePeriodSeconds * 1000;
}

function inScope(pod: Pod, spec: ResourceQuotaSpec): boolean {
  const fromScopes = (spec.scopes ?? []).map((scopeName) => ({
    scopeName,
    operator: "Exists",
    values: [] as string[],
  }));
  const all = [...fromScopes, ...(spec.scopeSelector?.matchExpressions ?? [])];
  return all.every(({ scopeName, operator, values = [] }) => matchesScope(pod, scopeName, operator, values));
}

function matchesScope(pod: Pod, scope: string, operator: string, values: readonly string[]): boolean {
  const bestEffort = pod.status?.qosClass === "BestEffort" || (pod.status?.qosClass === undefined && isBestEffort(pod));
  const deadline = pod.spec?.activeDeadlineSeconds !== undefined;
  switch (scope) {
    case "Terminating":
      return deadline;
    case "NotTerminating":
      return !deadline;
    case "BestEffort":
      return bestEffort;
    case "NotBestEffort":
      return !bestEffort;
    case "PriorityClass":
      return matchesValue(pod.spec?.priorityClassName, operator, values);
    case "CrossNamespacePodAffinity":
      return usesOtherNamespaces(pod);
    default:
      return false;
  }
}

function matchesValue(value: string | undefined, operator: string, values: readonly string[]): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return Boolean(value);
    default:
      return !value;
  }
}

function isBestEffort(pod: Pod): boolean {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return !containers.some(({ resources }) =>
    [resources?.requests, resources?.limits].some(
      (part) => part?.["cpu"] !== undefined || part?.["memory"] !== undefined,
    ),
  );
}

function usesOtherNamespaces(pod: Pod): boolean {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {};
  const terms = [podAffinity, podAntiAffinity].flatMap((affinity) => [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ podAffinityTerm }) => podAffinityTerm),
  ]);
  return terms.some(({ namespaces, namespaceSelector }) => namespaces?.length || namespaceSelector !== undefined);
}

export function serviceUsage(services: readonly Service[]): Usage {
  const usage: Usage = new Map();
  for (const { spec } of services) {
    add(usage, "services", one);
    const ports = Quantity.of(spec?.ports?.length ?? 0);
    if (spec?.type === "NodePort") add(usage, "services.nodeports", ports);
    if (spec?.type === "LoadBalancer") {
      add(usage, "services.loadbalancers", one);
      if (spec.allocateLoadBalancerNodePorts !== false) add(usage, "services.nodeports", ports);
    }
  }
  return usage;
}

export function claimUsage(claims: readonly PersistentVolumeClaim[]): Usage {
  const usage: Usage = new Map();
  for (const { spec } of claims) {
    const storage = parseQuantity(spec?.resources?.requests?.["storage"] ?? "0");
    add(usage, "persistentvolumeclaims", one);
    add(usage, "requests.storage", storage);
    if (!spec?.storageClassName) continue;
    const prefix = `${spec.storageClassName}.storageclass.storage.k8s.io`;
    add(usage, `${prefix}/persistentvolumeclaims`, one);
    add(usage, `${prefix}/requests.storage`, storage);
  }
  return usage;
}
