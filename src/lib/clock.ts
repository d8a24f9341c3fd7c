/** Time as a dependency, so that tests advance it by hand. Milliseconds everywhere. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when `signal` aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `callback` once after `ms`, unless the returned function is called first. */
  schedule(ms: number, callback: () => void): () => void;
}

/** What one timer can wait, 25 days: of more it makes a millisecond. */
const longestTimerMs = 2 ** 31 - 1;

function schedule(ms: number, callback: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (left: number): void => {
    const more = left > longestTimerMs;
    timer = setTimeout(() => (more ? wait(left - longestTimerMs) : callback()), more ? longestTimerMs : left);
  };
  wait(ms);
  return () => clearTimeout(timer);
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const onAbort = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      const cancel = schedule(ms, () => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      });
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
  schedule,
};

/** RFC 3339 in whole seconds and UTC, the form of metav1.Time: `2026-11-23T13:14:00Z`. */
export function formatTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** RFC 3339 with microseconds, the form of metav1.MicroTime: `2026-11-23T13:14:00.123000Z`. */
export function formatMicroTime(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 23)}000Z`;
}
