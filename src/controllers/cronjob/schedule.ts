import { Cron } from "croner";

/** More missed times than this are not worked off one by one. */
const maximumMissed = 100;

export interface Schedule {
  /** The next time after `after`, milliseconds since the epoch. */
  next(after: number): number | undefined;
}

/** A cron expression of five fields or a macro (`@daily`); `timeZone` is an IANA name. Throws on a bad one. */
export function parseSchedule(expression: string, timeZone = "UTC"): Schedule {
  const cron = new Cron(expression, { timezone: timeZone, paused: true });
  return { next: (after) => cron.nextRun(new Date(after))?.getTime() };
}

export interface MissedTimes {
  /** The latest time in (`since`, `now`]. */
  readonly latest: number | undefined;
  readonly tooMany: boolean;
}

/** What a schedule was to start since a time; with very many missed, steps in the schedule's own rhythm. */
export function missedTimes(schedule: Schedule, since: number, now: number): MissedTimes {
  const first = schedule.next(since);
  if (first === undefined || first > now) return { latest: undefined, tooMany: false };
  const second = schedule.next(first);
  if (second === undefined || second > now) return { latest: first, tooMany: false };
  const step = second - first;
  const tooMany = (now - first) / step > maximumMissed;
  // Jump close to the end, then walk.
  let latest = first;
  const near = now - step * 2;
  for (
    let time = schedule.next(Math.max(first, near) - 1);
    time !== undefined && time <= now;
    time = schedule.next(time)
  )
    latest = time;
  return { latest, tooMany };
}
