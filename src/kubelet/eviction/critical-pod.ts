import type { Pod } from "../../kinds/generated/core-v1.ts";
import { clusterCriticalPriority } from "../../kinds/scheduling/priority-class/system-priorities.ts";
import { isStaticPod } from "../pods/labels.ts";

/** Whether the kubelet never evicts the pod: static pods are not taken in again, others the cluster cannot do without. */
export function isCriticalPod(pod: Pod): boolean {
  return isStaticPod(pod) || (pod.spec?.priority ?? 0) >= clusterCriticalPriority;
}
