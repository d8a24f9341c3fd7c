import type { Job, PodFailurePolicyOnExitCodesRequirement } from "../../kinds/generated/batch-v1.ts";
import type { ContainerStatus, Pod } from "../../kinds/generated/core-v1.ts";

export interface FailureVerdict {
  readonly action: "FailJob" | "FailIndex" | "Ignore" | "Count";
  /** For FailJob: the message of the Job's condition. */
  readonly message?: string;
}

/** What spec.podFailurePolicy says of a failed pod: its first rule that matches, else Count. */
export function judgeFailure({ spec }: Job, pod: Pod): FailureVerdict {
  const subject = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
  for (const [index, rule] of (spec?.podFailurePolicy?.rules ?? []).entries()) {
    const tail = `matching ${rule.action} rule at index ${index}`;
    const action = rule.action as FailureVerdict["action"];
    if (rule.onExitCodes !== undefined) {
      const container = matchingContainer(pod, rule.onExitCodes);
      if (container === undefined) continue;
      const code = container.state?.terminated?.exitCode;
      return {
        action,
        message: `Container ${container.name} for pod ${subject} failed with exit code ${code} ${tail}`,
      };
    }
    const condition = (rule.onPodConditions ?? []).find(({ type, status = "True" }) =>
      pod.status?.conditions?.some((present) => present.type === type && present.status === status),
    );
    if (condition !== undefined) return { action, message: `Pod ${subject} has condition ${condition.type} ${tail}` };
  }
  return { action: "Count" };
}

function matchingContainer(
  pod: Pod,
  { containerName, operator, values }: PodFailurePolicyOnExitCodesRequirement,
): ContainerStatus | undefined {
  const statuses = [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])];
  return statuses.find(({ name, state }) => {
    const code = state?.terminated?.exitCode;
    if (code === undefined || code === 0 || (containerName !== undefined && containerName !== name)) return false;
    return values.includes(code) === (operator === "In");
  });
}
