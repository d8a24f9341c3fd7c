/**
 * One probe of one container over its life: waits for the initial delay, runs every period, counts successes and
 * failures against the thresholds, and tells when the result changes. A new container starts it anew.
 */
import type { Probe } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ProbeOutcome } from "../pods/actions.ts";
import type { ProbeResult } from "./http-probe.ts";

export type ProbeKind = "startup" | "readiness" | "liveness";

export interface ProbeWorkerInput {
  readonly kind: ProbeKind;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly startedAt: number;
  run(): Promise<ProbeResult>;
  /** Liveness and readiness wait for the startup probe. */
  started(): boolean;
  /** The result went over a threshold. */
  changed(outcome: ProbeOutcome): void;
  /** A run failed or could not be made; for events. */
  failed(result: ProbeResult): void;
  /** A run succeeded, with something to tell about it. */
  warned(warning: string): void;
}

export class ProbeWorker {
  readonly #input: ProbeWorkerInput;
  #result: ProbeOutcome;
  #last: ProbeOutcome | undefined;
  #count = 0;
  #onHold = false;
  #stopped = false;
  #running = false;
  #again = false;
  #cancel: () => void;

  constructor(input: ProbeWorkerInput) {
    this.#input = input;
    // Alive until shown otherwise; not ready, and not known to have started, until shown to be.
    this.#result = input.kind === "liveness" ? "success" : input.kind === "readiness" ? "failure" : "unknown";
    const { clock, probe, startedAt } = input;
    const wait = startedAt + (probe.initialDelaySeconds ?? 0) * 1000 - clock.now();
    this.#cancel = clock.schedule(Math.max(0, wait), () => void this.#tick());
  }

  get result(): ProbeOutcome {
    return this.#result;
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Runs now instead of at the end of the period: the startup probe has just succeeded. */
  hurry(): void {
    const { clock, probe, startedAt } = this.#input;
    if (this.#stopped || clock.now() < startedAt + (probe.initialDelaySeconds ?? 0) * 1000) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#cancel();
    void this.#tick();
  }

  async #tick(): Promise<void> {
    const { clock, probe, kind, run, started } = this.#input;
    if (this.#stopped) return;
    this.#running = true;
    const begun = clock.now();
    const wanted = !this.#onHold && (kind === "startup" ? this.#result !== "success" : started());
    if (wanted) this.#record(await run());
    this.#running = false;
    if (this.#stopped) return;
    const wait = begun + (probe.periodSeconds ?? 10) * 1000 - clock.now();
    const next = this.#again ? 0 : Math.max(0, wait);
    this.#again = false;
    if (kind === "startup" && this.#result === "success") return;
    this.#cancel = clock.schedule(next, () => void this.#tick());
  }

  #record(result: ProbeResult): void {
    if (this.#stopped) return;
    const { probe, kind } = this.#input;
    if (result.outcome !== "success") this.#input.failed(result);
    else if (result.warning !== undefined) this.#input.warned(result.warning);
    // A probe that could not be made says nothing.
    if (result.outcome === "unknown") return;
    this.#count = this.#last === result.outcome ? this.#count + 1 : 1;
    this.#last = result.outcome;
    const threshold = result.outcome === "success" ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3);
    if (this.#count < threshold) return;
    // The container will be restarted: no more of it is asked.
    if (result.outcome === "failure" && kind !== "readiness") this.#onHold = true;
    if (this.#result === result.outcome) return;
    this.#result = result.outcome;
    this.#input.changed(result.outcome);
  }
}
