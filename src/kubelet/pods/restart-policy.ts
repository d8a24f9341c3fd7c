/** Which containers run again after they stop: the pod's restart policy, and a container's own rules. */
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import { findContainer, type RuntimePod } from "./runtime-status.ts";

/** Whether a container of this pod that exited with that code runs again. */
export function restartsAfterExit(container: Container, pod: Pod, exitCode: number): boolean {
  for (const rule of container.restartPolicyRules ?? []) {
    const values = rule.exitCodes?.values ?? [];
    const listed = values.includes(exitCode);
    const matches = rule.exitCodes?.operator === "NotIn" ? !listed : listed;
    if (rule.exitCodes !== undefined && matches && rule.action === "Restart") return true;
  }
  const policy = container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
  if (policy === "Always") return true;
  return policy === "OnFailure" && exitCode !== 0;
}

/** Whether any container of the pod could run again after a failure. */
export function restartsOnFailure(pod: Pod): boolean {
  return pod.spec?.restartPolicy !== "Never";
}

/** Whether the container should be started, or started again, given what the runtime knows of it. */
export function shouldStart(container: Container, pod: Pod, runtimePod: RuntimePod): boolean {
  if (pod.metadata?.deletionTimestamp !== undefined) return false;
  const status = findContainer(runtimePod, container.name);
  if (status === undefined) return true;
  if (status.state === "running") return false;
  if (status.state === "unknown" || status.state === "created") return true;
  return restartsAfterExit(container, pod, status.exitCode);
}
