import type {
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
} from "../../kinds/generated/autoscaling-v2.ts";

export interface ScaleEvent {
  readonly at: number;
  /** Replicas added (positive) or removed. */
  readonly change: number;
}

export interface Recommendation {
  readonly at: number;
  readonly replicas: number;
}

/** What is remembered of an autoscaler between passes. */
export interface ScaleMemory {
  readonly recommendations: Recommendation[];
  readonly events: ScaleEvent[];
}

const upDefaults: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};
const downDefaults: HPAScalingRules = {
  stabilizationWindowSeconds: 300,
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

const longestMs = 3_600_000;

/** The number of replicas to go to: steadied over the window, limited by policies, kept within bounds. */
export function settle(
  { spec }: HorizontalPodAutoscaler,
  wanted: number,
  current: number,
  memory: ScaleMemory,
  now: number,
): { replicas: number; limited: string | undefined; stabilized: boolean } {
  const [up, down] = [
    { ...upDefaults, ...spec?.behavior?.scaleUp },
    { ...downDefaults, ...spec?.behavior?.scaleDown },
  ];
  memory.recommendations.push({ at: now, replicas: wanted });
  forget(memory, now);
  const within = (seconds = 0): number[] =>
    memory.recommendations.filter(({ at }) => at > now - seconds * 1000 || at === now).map(({ replicas }) => replicas);
  let steady = current;
  steady = Math.max(steady, Math.min(...within(up.stabilizationWindowSeconds)));
  steady = Math.min(steady, Math.max(...within(down.stabilizationWindowSeconds)));
  const minimum = spec?.minReplicas ?? 1;
  const maximum = spec?.maxReplicas ?? 1;
  let replicas = steady;
  if (steady > current) replicas = Math.min(steady, Math.max(current, limit(up, current, memory, now, 1)));
  if (steady < current) replicas = Math.max(steady, Math.min(current, limit(down, current, memory, now, -1)));
  const rate = replicas === steady ? undefined : steady > current ? "ScaleUpLimit" : "ScaleDownLimit";
  const bounded = Math.min(maximum, Math.max(minimum, replicas));
  const limited = wanted > maximum ? "TooManyReplicas" : wanted < minimum ? "TooFewReplicas" : rate;
  return { replicas: bounded, limited, stabilized: steady !== wanted };
}

/** The farthest number that the policies of one direction allow. */
function limit(rules: HPAScalingRules, current: number, { events }: ScaleMemory, now: number, sign: 1 | -1): number {
  if (rules.selectPolicy === "Disabled") return current;
  const reach = ({ type, value, periodSeconds }: HPAScalingPolicy): number => {
    const recent = events.filter(({ at, change }) => at > now - periodSeconds * 1000 && Math.sign(change) === sign);
    const start = current - recent.reduce((sum, { change }) => sum + change, 0);
    if (type === "Pods") return start + sign * value;
    return sign > 0 ? Math.ceil(start * (1 + value / 100)) : Math.floor(start * (1 - value / 100));
  };
  const reaches = (rules.policies ?? []).map(reach);
  const widest = rules.selectPolicy !== "Min";
  return sign > 0 === widest ? Math.max(...reaches) : Math.min(...reaches);
}

function forget({ recommendations, events }: ScaleMemory, now: number): void {
  while (recommendations[0] !== undefined && recommendations[0].at < now - longestMs) recommendations.shift();
  while (events[0] !== undefined && events[0].at < now - longestMs) events.shift();
}
