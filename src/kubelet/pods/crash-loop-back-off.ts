/** Delays between starts of a container that keeps ending: 10 s, doubling to 5 minutes, forgotten after 10 quiet minutes. */
import type { Clock } from "../../lib/clock.ts";

const initialMs = 10_000;
const maximumMs = 300_000;
/** Upstream forgets a container that stayed up twice as long as the longest delay. */
const forgetMs = 2 * maximumMs;

export interface CrashLoopBackOff {
  /**
   * Whether a container that ended at `finishedAt` must wait before it starts again; 0: start now, which counts as a
   * try. Otherwise the milliseconds left and the whole delay.
   */
  check(key: string, finishedAt: number): { readonly leftMs: number; readonly delayMs: number };
  /** Forgets all keys that begin with `prefix`. */
  forget(prefix: string): void;
}

interface Entry {
  delayMs: number;
  /** When the container whose end last counted had ended. */
  lastFinish: number;
}

export function createCrashLoopBackOff(clock: Clock): CrashLoopBackOff {
  const entries = new Map<string, Entry>();
  return {
    check(key, finishedAt) {
      const entry = entries.get(key);
      if (entry === undefined || finishedAt - entry.lastFinish > forgetMs) {
        entries.set(key, { delayMs: initialMs, lastFinish: finishedAt });
        return { leftMs: 0, delayMs: 0 };
      }
      const leftMs = finishedAt + entry.delayMs - clock.now();
      if (leftMs > 0) return { leftMs, delayMs: entry.delayMs };
      entry.delayMs = Math.min(entry.delayMs * 2, maximumMs);
      entry.lastFinish = finishedAt;
      return { leftMs: 0, delayMs: 0 };
    },
    forget(prefix) {
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
  };
}

/** Go's way to write a duration: `10s`, `1m20s`, `5m0s`. */
export function formatDelay(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}
