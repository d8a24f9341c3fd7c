import {
  diskPressureTaint,
  memoryPressureTaint,
  networkUnavailableTaint,
  notReadyTaint,
  processPressureTaint,
  unreachableTaint,
  unschedulableTaint,
} from "../../kinds/core/node/taint-keys.ts";
import type { Node, NodeCondition, Taint } from "../../kinds/generated/core-v1.ts";

/** Upstream's node-monitor-grace-period and node-startup-grace-period. */
export const monitorGraceMs = 50_000;
export const startupGraceMs = 60_000;

const watchedConditions = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

export const readyCondition = (node: Node): NodeCondition | undefined =>
  node.status?.conditions?.find(({ type }) => type === "Ready");

/** The conditions of a node whose kubelet is silent: all Unknown. */
export function unknownConditions(node: Node, now: string): NodeCondition[] {
  const present = node.status?.conditions ?? [];
  const silent = present.map((condition) =>
    watchedConditions.includes(condition.type) && condition.status !== "Unknown"
      ? {
          ...condition,
          status: "Unknown",
          reason: "NodeStatusUnknown",
          message: "Kubelet stopped posting node status.",
          lastTransitionTime: now,
        }
      : condition,
  );
  const missing = watchedConditions
    .filter((type) => !present.some((condition) => condition.type === type))
    .map((type) => ({
      type,
      status: "Unknown",
      reason: "NodeStatusNeverUpdated",
      message: "Kubelet never posted node status.",
      lastHeartbeatTime: node.metadata?.creationTimestamp,
      lastTransitionTime: now,
    }));
  return [...silent, ...missing];
}

/** Condition and status to the taint that it brings. */
const conditionTaints: readonly (readonly [condition: string, status: string, taint: string])[] = [
  ["Ready", "False", notReadyTaint],
  ["Ready", "Unknown", unreachableTaint],
  ["MemoryPressure", "True", memoryPressureTaint],
  ["DiskPressure", "True", diskPressureTaint],
  ["NetworkUnavailable", "True", networkUnavailableTaint],
  ["PIDPressure", "True", processPressureTaint],
];
const ours = new Set([...conditionTaints.map(([, , taint]) => taint), unschedulableTaint]);

/**
 * The taints that a node should have, those of others left alone: NoSchedule for each bad condition and for a cordoned
 * node, NoExecute while it is not ready, unless `evicting` is off.
 */
export function desiredTaints(node: Node, evicting: boolean, now: string): Taint[] {
  const present = node.spec?.taints ?? [];
  const status = (type: string): string | undefined =>
    node.status?.conditions?.find((condition) => condition.type === type)?.status;
  const wanted: Taint[] = conditionTaints
    .filter(([condition, value]) => status(condition) === value)
    .map(([, , key]) => ({ key, effect: "NoSchedule" }));
  if (node.spec?.unschedulable === true) wanted.push({ key: unschedulableTaint, effect: "NoSchedule" });
  const ready = status("Ready");
  if (evicting && ready === "False") wanted.push({ key: notReadyTaint, effect: "NoExecute" });
  if (evicting && ready === "Unknown") wanted.push({ key: unreachableTaint, effect: "NoExecute" });
  const isOurs = ({ key, effect }: Taint): boolean =>
    ours.has(key) &&
    (effect === "NoSchedule" || (effect === "NoExecute" && (key === notReadyTaint || key === unreachableTaint)));
  const same = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const kept = present.filter((taint) => !isOurs(taint) || wanted.some((one) => same(one, taint)));
  const added = wanted
    .filter((taint) => !present.some((one) => same(one, taint)))
    .map((taint) => ({ ...taint, timeAdded: now }));
  return [...kept, ...added];
}
