/** How ready the kernel is to kill a container when memory runs out, by its pod's quality of service. */
import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import { podQosClass } from "../../kinds/core/pod/quality-of-service.ts";
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import { nodeCriticalPriority } from "../../kinds/scheduling/priority-class/system-priorities.ts";
import { amountOf } from "./pod-resources.ts";

const guaranteedScore = -997;
const bestEffortScore = 1000;

/** The oom_score_adj of a container on a machine with that many bytes of memory. */
export function oomScoreAdjust(pod: Pod, container: Container, memoryCapacity: number): number {
  if ((pod.spec?.priority ?? 0) >= nodeCriticalPriority) return guaranteedScore;
  const qos = podQosClass(pod.spec);
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
