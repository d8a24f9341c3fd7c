/** Keeps one component running: started again with back-off when it cannot start or dies, until the signal aborts. */
import { type BackOff, createBackOff } from "../lib/back-off.ts";
import type { Clock } from "../lib/clock.ts";
import type { Component } from "../lib/component.ts";
import type { Logger } from "../lib/log.ts";

export interface ComponentStatus {
  readonly state: "Starting" | "Running" | "Failed" | "Stopped";
  readonly restarts: number;
  /** Why it failed last; absent while nothing did. */
  readonly message?: string;
  /** Of that failure, where it has one: `STORE_CORRUPT`. */
  readonly code?: string;
}

export interface SuperviseOptions {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly report: (status: ComponentStatus) => void;
}

/** A component that ran this long starts again without delay. */
const STABLE_MS = 60_000;

/** Resolves once the signal has aborted and the component has ended; never rejects. */
export async function supervise(component: Component, options: SuperviseOptions): Promise<void> {
  const { signal, clock, logger, report } = options;
  const backOff = createBackOff({ initialMs: 250, maximumMs: 30_000 });
  for (let restarts = 0; !signal.aborted; restarts++) {
    const { message, code } = await runOnce(component, restarts, backOff, options);
    if (signal.aborted) break;
    report({ state: "Failed", restarts, message, ...(code === undefined ? {} : { code }) });
    const delay = backOff.next();
    logger.error("component failed, will start again", { component: component.name, message, delayMs: delay });
    await clock.sleep(delay, signal).catch(() => undefined);
  }
  report({ state: "Stopped", restarts: 0 });
}

/** Resolves with why it ended. */
async function runOnce(
  component: Component,
  restarts: number,
  backOff: BackOff,
  { signal, clock, report }: SuperviseOptions,
): Promise<{ message: string; code?: string | undefined }> {
  report({ state: "Starting", restarts });
  // An own signal, so that a component that failed half way in its start drops what it had begun.
  const attempt = new AbortController();
  const abort = (): void => attempt.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    // The race, since a start may wait for something that takes no signal.
    const running = await Promise.race([component.start(attempt.signal), aborted(attempt.signal)]);
    const startedAt = clock.now();
    report({ state: "Running", restarts });
    await running.done.finally(() => {
      if (clock.now() - startedAt >= STABLE_MS) backOff.reset();
    });
    return { message: "ended by itself" };
  } catch (error) {
    if (!(error instanceof Error)) return { message: String(error) };
    const { code } = error as NodeJS.ErrnoException;
    return { message: error.stack ?? error.message, code };
  } finally {
    signal.removeEventListener("abort", abort);
    attempt.abort(new Error(`${component.name} ended`));
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
