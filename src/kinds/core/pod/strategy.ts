/** What the API server sets on pods, and how long their deletion takes. */

import { formatTime } from "../../../lib/clock.ts";
import type { DeleteOptionsLike, WriteContext } from "../../../machinery/kind.ts";
import { valueAt } from "../../../machinery/meta/accessors.ts";
import type { Pod, PodAffinityTerm, PodSpec, PodStatus } from "../../generated/core-v1.ts";
import type { LabelSelector } from "../../generated/meta-v1.ts";
import { podQosClass } from "./quality-of-service.ts";
import { mirrorServiceAccountName } from "./template-defaults.ts";

export const selectableFields: Readonly<Record<string, (pod: Pod) => string>> = {
  "spec.nodeName": ({ spec }) => spec?.nodeName ?? "",
  "spec.host": ({ spec }) => spec?.nodeName ?? "",
  "spec.restartPolicy": ({ spec }) => spec?.restartPolicy ?? "",
  "spec.schedulerName": ({ spec }) => spec?.schedulerName ?? "",
  "spec.serviceAccountName": ({ spec }) => spec?.serviceAccountName ?? "",
  "spec.hostNetwork": ({ spec }) => String(spec?.hostNetwork ?? false),
  "status.phase": ({ status }) => status?.phase ?? "",
  "status.podIP": ({ status }) => status?.podIPs?.[0]?.ip ?? "",
  "status.podIPs": () => "",
  "status.nominatedNodeName": ({ status }) => status?.nominatedNodeName ?? "",
};

export function prepareForCreate(pod: Pod, { now }: WriteContext): void {
  const spec: PodSpec = pod.spec ?? { containers: [] };
  // Admission may have named the account after the defaults ran.
  mirrorServiceAccountName(spec);
  const status: PodStatus = { phase: "Pending", qosClass: podQosClass(spec) };
  if (spec.schedulingGates?.length) {
    const message = "Scheduling is blocked due to non-empty scheduling gates";
    const lastTransitionTime = formatTime(now);
    status.conditions = [
      { type: "PodScheduled", status: "False", lastTransitionTime, reason: "SchedulingGated", message },
    ];
  }
  pod.status = status;
  mergeMatchLabelKeys(spec, pod.metadata?.labels ?? {});
}

export function prepareForStatusUpdate(pod: Pod, old: Pod): void {
  const status = pod.status;
  if (status === undefined) return;
  status.qosClass ||= old.status?.qosClass;
  status.observedGeneration ||= old.status?.observedGeneration;
  const earlier = [...(old.status?.conditions ?? [])];
  for (const condition of status.conditions ?? []) {
    const index = earlier.findIndex(({ type }) => type === condition.type);
    const [previous] = index < 0 ? [] : earlier.splice(index, 1);
    condition.observedGeneration ||= previous?.observedGeneration;
  }
  // The registry keeps an object's decoded form, in which an absent field must stay absent.
  if (pod.metadata !== undefined && old.metadata?.ownerReferences !== undefined) {
    pod.metadata.ownerReferences = old.metadata.ownerReferences;
  } else delete pod.metadata?.ownerReferences;
}

/** Seconds: what the client or else the pod asks for; none where no node runs it, or it has run. */
export function deletionGracePeriod({ spec, status }: Pod, options: DeleteOptionsLike): number {
  if (!spec?.nodeName || status?.phase === "Failed" || status?.phase === "Succeeded") return 0;
  const period = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 0;
  return period < 0 ? 1 : period;
}

/** Turns matchLabelKeys of affinity terms and spread constraints into requirements, so that only selectors remain to match. */
function mergeMatchLabelKeys({ affinity, topologySpreadConstraints }: PodSpec, labels: Record<string, string>): void {
  for (const side of [affinity?.podAffinity, affinity?.podAntiAffinity]) {
    const preferred = side?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const required = side?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const term of [...preferred.map(({ podAffinityTerm }) => podAffinityTerm), ...required]) {
      mergeTermKeys(term, labels);
    }
  }
  for (const { labelSelector, matchLabelKeys } of topologySpreadConstraints ?? []) {
    addRequirements(labelSelector, matchLabelKeys, "In", labels);
  }
}

function mergeTermKeys(term: PodAffinityTerm, labels: Record<string, string>): void {
  addRequirements(term.labelSelector, term.matchLabelKeys, "In", labels);
  addRequirements(term.labelSelector, term.mismatchLabelKeys, "NotIn", labels);
}

function addRequirements(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: "In" | "NotIn",
  labels: Record<string, string>,
): void {
  if (selector === undefined) return;
  for (const key of keys ?? []) {
    const value = valueAt(labels, key);
    if (value === undefined) continue;
    selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }];
  }
}
