import {
  diskPressureTaint,
  memoryPressureTaint,
  networkUnavailableTaint,
  notReadyTaint,
  processPressureTaint,
  unreachableTaint,
  unschedulableTaint,
} from "../../kinds/core/node/taint-keys.ts";
import type { DaemonSet } from "../../kinds/generated/apps-v1.ts";
import type { Node, Pod, PodSpec, PodTemplateSpec, Toleration } from "../../kinds/generated/core-v1.ts";
import { requiredNodeMatcher } from "../../machinery/scheduling/node-selector.ts";
import { findUntolerated, schedulingEffects } from "../../machinery/scheduling/tolerations.ts";

/** What daemon pods tolerate beyond their template: nodes in trouble need their daemons most. */
function daemonTolerations(spec: PodSpec | undefined): Toleration[] {
  const exists = (key: string, effect: string): Toleration => ({ key, operator: "Exists", effect });
  return [
    exists(notReadyTaint, "NoExecute"),
    exists(unreachableTaint, "NoExecute"),
    exists(diskPressureTaint, "NoSchedule"),
    exists(memoryPressureTaint, "NoSchedule"),
    exists(processPressureTaint, "NoSchedule"),
    exists(unschedulableTaint, "NoSchedule"),
    ...(spec?.hostNetwork ? [exists(networkUnavailableTaint, "NoSchedule")] : []),
  ];
}

function tolerationsOf(spec: PodSpec | undefined): Toleration[] {
  const own = spec?.tolerations ?? [];
  const added = daemonTolerations(spec).filter(
    (one) =>
      !own.some(({ key, effect, operator }) => key === one.key && effect === one.effect && operator === "Exists"),
  );
  return [...own, ...added];
}

export interface Placement {
  /** A pod should be started there. */
  readonly shouldRun: boolean;
  /** A pod that is there may stay: only NoExecute taints drive it away. */
  readonly shouldContinue: boolean;
}

/** Decides for many nodes on behalf of one DaemonSet. */
export function createPlacement({ spec }: DaemonSet): (node: Node) => Placement {
  const podSpec = spec?.template.spec;
  const matches = requiredNodeMatcher(podSpec);
  const tolerations = tolerationsOf(podSpec);
  return (node) => {
    const named = !podSpec?.nodeName || podSpec.nodeName === node.metadata?.name;
    if (!named || matches?.(node) === false) return { shouldRun: false, shouldContinue: false };
    const untolerated = (effects: readonly string[]): boolean =>
      findUntolerated(node.spec?.taints, tolerations, effects) !== undefined;
    return { shouldRun: !untolerated(schedulingEffects), shouldContinue: !untolerated(["NoExecute"]) };
  };
}

/** The template with the tolerations, bound to one node by affinity so that the scheduler does the rest. */
export function templateForNode(
  template: PodTemplateSpec,
  nodeName: string,
  labels: Record<string, string>,
): PodTemplateSpec {
  const { affinity } = template.spec ?? {};
  const nodeSelectorTerms = [{ matchFields: [{ key: "metadata.name", operator: "In", values: [nodeName] }] }];
  return {
    metadata: { ...template.metadata, labels: { ...template.metadata?.labels, ...labels } },
    spec: {
      ...(template.spec as PodSpec),
      tolerations: tolerationsOf(template.spec),
      affinity: {
        ...affinity,
        nodeAffinity: {
          ...affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms },
        },
      },
    },
  };
}

/** The node that a daemon pod runs on or is meant for. */
export function targetNode({ spec }: Pod): string {
  if (spec?.nodeName) return spec.nodeName;
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms?.[0]?.matchFields?.find(({ key }) => key === "metadata.name")?.values?.[0] ?? "";
}
