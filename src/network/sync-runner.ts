/**
 * Runs one synchronisation at a time: triggers that arrive while it runs, or within `intervalMs` of the last start,
 * become one more run; a failed run is tried again with back-off. For level-triggered work that reads caches.
 */
import { createBackOff } from "../lib/back-off.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";

export interface SyncRunner {
  trigger(): void;
  /** Resolves after the run in progress, if any. */
  stop(): Promise<void>;
}

export interface SyncRunnerOptions {
  readonly sync: () => Promise<void>;
  readonly log: Logger;
  /** Least time between two starts. */
  readonly intervalMs: number;
  readonly clock?: Clock;
}

export function createSyncRunner({ sync, log, intervalMs, clock = systemClock }: SyncRunnerOptions): SyncRunner {
  const backOff = createBackOff({ initialMs: 500, maximumMs: 30_000 });
  let wanted = false;
  let stopped = false;
  let running: Promise<void> | undefined;
  let lastStart = Number.NEGATIVE_INFINITY;
  let cancelTimer: (() => void) | undefined;

  const schedule = (delayMs: number): void => {
    cancelTimer ??= clock.schedule(Math.max(0, delayMs), () => {
      cancelTimer = undefined;
      running = run();
    });
  };

  async function run(): Promise<void> {
    wanted = false;
    lastStart = clock.now();
    let delay = intervalMs;
    try {
      await sync();
      backOff.reset();
    } catch (error) {
      delay = backOff.next();
      wanted = true;
      log.error("synchronisation failed, trying again", { error, delayMs: delay });
    }
    running = undefined;
    if (wanted && !stopped) schedule(delay);
  }

  return {
    trigger() {
      wanted = true;
      if (running === undefined && !stopped) schedule(lastStart + intervalMs - clock.now());
    },
    async stop() {
      stopped = true;
      cancelTimer?.();
      await running;
    },
  };
}
