/** Exponential back-off for one key: `next()` gives the delay in milliseconds before the next try. */
export interface BackOff {
  next(): number;
  reset(): void;
}

export interface BackOffOptions {
  readonly initialMs: number;
  readonly maximumMs: number;
  readonly factor?: number;
  /** Share of the delay added at random, 0 to 1. */
  readonly jitter?: number;
}

export function createBackOff({ initialMs, maximumMs, factor = 2, jitter = 0 }: BackOffOptions): BackOff {
  let delay = initialMs;
  return {
    next() {
      const current = Math.min(delay, maximumMs);
      delay = Math.min(delay * factor, maximumMs);
      return current * (1 + jitter * Math.random());
    },
    reset() {
      delay = initialMs;
    },
  };
}
