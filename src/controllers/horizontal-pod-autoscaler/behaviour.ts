/** From the number of replicas that metrics call for to the number to go to: steadied, rate-limited, within bounds. */
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

/** A reason for a condition, with its message. */
export interface Reason {
  readonly reason: string;
  readonly message: string;
}

export interface Settled {
  readonly replicas: number;
  /** Of AbleToScale. */
  readonly steadied: Reason;
  /** Of ScalingLimited, True where a limit held. */
  readonly limited: Reason & { readonly holds: boolean };
}

interface Situation {
  readonly current: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly memory: ScaleMemory;
  readonly now: number;
}

/** Upstream's horizontal-pod-autoscaler-downscale-stabilization. */
const downscaleWindowSeconds = 300;
/** Without a behavior, a workload at most doubles at a time, or goes to this. */
const growthFactor = 2;
const growthMinimum = 4;
const longestMs = 3_600_000;

const ready = { reason: "ReadyForNewScale", message: "recommended size matches current size" };
const steadiedUp = {
  reason: "ScaleUpStabilized",
  message: "recent recommendations were lower than current one, applying the lowest recent recommendation",
};
const steadiedDown = {
  reason: "ScaleDownStabilized",
  message: "recent recommendations were higher than current one, applying the highest recent recommendation",
};
const withinRange = { reason: "DesiredWithinRange", message: "the desired count is within the acceptable range" };
const tooMany = {
  reason: "TooManyReplicas",
  message: "the desired replica count is more than the maximum replica count",
};
const tooFew = {
  reason: "TooFewReplicas",
  message: "the desired replica count is less than the minimum replica count",
};
const tooFastUp = {
  reason: "ScaleUpLimit",
  message: "the desired replica count is increasing faster than the maximum scale rate",
};
const tooFastDown = {
  reason: "ScaleDownLimit",
  message: "the desired replica count is decreasing faster than the maximum scale rate",
};

/** The number of replicas to go to, given what metrics call for. Remembers the recommendation. */
export function settle(
  { spec }: HorizontalPodAutoscaler,
  wanted: number,
  current: number,
  memory: ScaleMemory,
  now: number,
): Settled {
  const { minReplicas: minimum = 1, maxReplicas: maximum = 1, behavior } = spec ?? {};
  const situation = { current, minimum, maximum, memory, now };
  forget(memory, now);
  const rules = { up: behavior?.scaleUp ?? {}, down: behavior?.scaleDown ?? {} };
  const steady = behavior === undefined ? steadyDown(wanted, situation) : steadyBoth(wanted, situation, rules);
  memory.recommendations.push({ at: now, replicas: wanted });
  const direction = behavior === undefined || wanted < current ? steadiedDown : steadiedUp;
  const limited = behavior === undefined ? limitGrowth(steady, situation) : limitRate(steady, situation, rules);
  return { ...limited, steadied: steady === wanted ? ready : direction };
}

/** Keeps what the next passes need of a change of size. */
export function rememberChange({ events }: ScaleMemory, at: number, change: number): void {
  events.push({ at, change });
}

function steadyDown(wanted: number, { memory, now }: Situation): number {
  return Math.max(wanted, ...recent(memory, now, downscaleWindowSeconds));
}

function steadyBoth(
  wanted: number,
  { current, memory, now }: Situation,
  { up, down }: { up: HPAScalingRules; down: HPAScalingRules },
): number {
  const lowest = Math.min(wanted, ...recent(memory, now, up.stabilizationWindowSeconds ?? 0));
  const downWindow = down.stabilizationWindowSeconds ?? downscaleWindowSeconds;
  const highest = Math.max(wanted, ...recent(memory, now, downWindow));
  return Math.min(Math.max(current, lowest), highest);
}

const recent = ({ recommendations }: ScaleMemory, now: number, seconds: number): number[] =>
  recommendations.filter(({ at }) => at > now - seconds * 1000).map(({ replicas }) => replicas);

type Limited = Omit<Settled, "steadied">;

const unlimited = (replicas: number): Limited => ({ replicas, limited: { ...withinRange, holds: false } });
const limitedTo = (replicas: number, reason: Reason): Limited => ({ replicas, limited: { ...reason, holds: true } });

function limitGrowth(steady: number, { current, minimum, maximum }: Situation): Limited {
  const growth = Math.max(growthFactor * current, growthMinimum);
  const [highest, reason] = maximum > growth ? [growth, tooFastUp] : [maximum, tooMany];
  if (steady < minimum) return limitedTo(minimum, tooFew);
  return steady > highest ? limitedTo(highest, reason) : unlimited(steady);
}

function limitRate(
  steady: number,
  { current, minimum, maximum, memory, now }: Situation,
  { up, down }: { up: HPAScalingRules; down: HPAScalingRules },
): Limited {
  if (steady > current) {
    const rate = Math.max(current, reachOf(up, current, memory, { now, sign: 1 }));
    const [highest, reason] = maximum > rate ? [rate, tooFastUp] : [maximum, tooMany];
    if (steady > highest) return limitedTo(highest, reason);
  } else if (steady < current) {
    const rate = Math.min(current, reachOf(down, current, memory, { now, sign: -1 }));
    const [lowest, reason] = minimum < rate ? [rate, tooFastDown] : [minimum, tooFew];
    if (steady < lowest) return limitedTo(lowest, reason);
  }
  return unlimited(steady);
}

/** The farthest number that the policies of one direction allow. */
function reachOf(
  rules: HPAScalingRules,
  current: number,
  { events }: ScaleMemory,
  { now, sign }: { now: number; sign: 1 | -1 },
): number {
  if (rules.selectPolicy === "Disabled") return current;
  const reach = ({ type, value, periodSeconds }: HPAScalingPolicy): number => {
    const during = events.filter(({ at }) => at > now - periodSeconds * 1000);
    const start = current - during.reduce((sum, { change }) => sum + change, 0);
    if (type === "Pods") return start + sign * value;
    return sign > 0 ? Math.ceil(start * (1 + value / 100)) : Math.trunc(start * (1 - value / 100));
  };
  const reaches = (rules.policies ?? []).map(reach);
  const widest = rules.selectPolicy !== "Min";
  return sign > 0 === widest ? Math.max(...reaches) : Math.min(...reaches);
}

function forget({ recommendations, events }: ScaleMemory, now: number): void {
  while (recommendations[0] !== undefined && recommendations[0].at < now - longestMs) recommendations.shift();
  while (events[0] !== undefined && events[0].at < now - longestMs) events.shift();
}
