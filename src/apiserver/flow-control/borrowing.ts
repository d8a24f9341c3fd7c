import type { PriorityLevel } from "./priority-level.ts";

interface Claim {
  readonly lower: number;
  readonly upper: number;
  /** At least `lower`. */
  readonly target: number;
}

const smallestTarget = 0.001;

/**
 * Lets busy levels borrow what idle ones lend: ends the period of demand that was observed, and gives every level the
 * seats that it may use in the next, as upstream's updateBorrowing.
 */
export function adjustBorrowing(levels: Iterable<PriorityLevel>, now: number): void {
  const limited: PriorityLevel[] = [];
  let total = 0;
  let exemptSeats = 0;
  for (const level of levels) {
    level.demand.endPeriod(now);
    total += level.limits.nominal;
    if (!level.exempt) {
      limited.push(level);
      continue;
    }
    const used = Math.max(level.limits.lower, level.demand.highWatermark);
    exemptSeats += used;
    level.allow(used, now);
  }
  const remaining = total - exemptSeats;
  const claims = limited.map(claimOf);
  const lowest = sum(limited.map(({ limits }) => limits.lower));
  const wanted = sum(claims.map(({ lower }) => lower));
  if (remaining <= lowest) {
    for (const level of limited) level.allow(level.limits.lower, now);
  } else if (remaining <= wanted) {
    const fraction = (remaining - lowest) / (wanted - lowest);
    for (const [index, level] of limited.entries()) {
      const { lower } = claims[index] as Claim;
      level.allow(level.limits.lower + Math.round((lower - level.limits.lower) * fraction), now);
    }
  } else {
    const allocated = allocate(total, claims);
    for (const [index, level] of limited.entries()) level.allow(Math.round(allocated[index] as number), now);
  }
}

/** A level keeps what it used at the most, up to its nominal share, and lends no more than its object says. */
function claimOf({ limits, demand }: PriorityLevel): Claim {
  const lower = Math.max(limits.lower, Math.min(limits.nominal, demand.highWatermark));
  return { lower, upper: Math.max(lower, limits.upper), target: Math.max(lower, demand.smoothed) };
}

/** Steps that halve the range; more than a double has bits of precision to tell apart. */
const steps = 100;

/**
 * Divides `total` seats in proportion to the targets, within each claim's bounds: every share is `fraction * target`, or
 * the bound that this would pass. Where the bounds leave no such fraction, all get the bound in the way.
 */
export function allocate(total: number, claims: readonly Claim[]): number[] {
  const at = (fraction: number): number[] =>
    claims.map(({ lower, upper, target }) =>
      Math.min(upper, Math.max(lower, fraction * Math.max(target, smallestTarget))),
    );
  let low = 0;
  let high = Math.max(0, ...claims.map(({ upper, target }) => upper / Math.max(target, smallestTarget)));
  for (let step = 0; step < steps; step++) {
    const middle = (low + high) / 2;
    if (sum(at(middle)) < total) low = middle;
    else high = middle;
  }
  return at(high);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
