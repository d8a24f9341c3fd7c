/** Quality of service: the class of a pod, and the out-of-memory score adjustment that goes with it. */
import type { Container, Pod, ResourceRequirements } from "../../kinds/generated/core-v1.ts";
import { isSidecar } from "../pods/restart-policy.ts";
import { amountOf, type ResourceAmounts } from "./pod-resources.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const counted = ["cpu", "memory"];

/** Guaranteed: every container limits CPU and memory and requests what it limits. BestEffort: none names either. */
export function qosClass(pod: Pod): QosClass {
  const podLevel = pod.spec?.resources;
  const parts: readonly (ResourceRequirements | undefined)[] =
    podLevel !== undefined
      ? [podLevel]
      : [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].map(({ resources }) => resources);
  const requests: ResourceAmounts = {};
  const limits: ResourceAmounts = {};
  let guaranteed = true;
  const sum = (into: ResourceAmounts, list: Readonly<Record<string, string>> | undefined): number => {
    let found = 0;
    for (const name of counted) {
      const amount = amountOf(name, list?.[name] ?? "0");
      if (amount <= 0) continue;
      into[name] = (into[name] ?? 0) + amount;
      found++;
    }
    return found;
  };
  for (const part of parts) {
    sum(requests, part?.requests);
    if (sum(limits, part?.limits) < counted.length) guaranteed = false;
  }
  if (Object.keys(requests).length === 0 && Object.keys(limits).length === 0) return "BestEffort";
  const equal = counted.every((name) => requests[name] === limits[name]);
  return guaranteed && equal ? "Guaranteed" : "Burstable";
}

const guaranteedScore = -997;
const bestEffortScore = 1000;
/** Pods of priority system-node-critical and above. */
const nodeCriticalPriority = 2_000_001_000;

/** The oom_score_adj of a container on a machine with that many bytes of memory. */
export function oomScoreAdjust(pod: Pod, container: Container, memoryCapacity: number): number {
  if ((pod.spec?.priority ?? 0) >= nodeCriticalPriority) return guaranteedScore;
  const qos = qosClass(pod);
  if (qos === "Guaranteed") return guaranteedScore;
  if (qos === "BestEffort") return bestEffortScore;
  const request = ({ resources }: Container): number => amountOf("memory", resources?.requests?.["memory"] ?? "0");
  const score = (bytes: number): number => 1000 - Math.trunc((1000 * bytes) / memoryCapacity);
  let result = score(request(container));
  if (isSidecar(container)) {
    const smallest = Math.min(...(pod.spec?.containers ?? []).map(request));
    result = Math.min(result, score(smallest));
  }
  if (result < 1000 + guaranteedScore) return 1000 + guaranteedScore;
  return result === bestEffortScore ? bestEffortScore - 1 : result;
}
