import type { Clock } from "../../lib/clock.ts";
import type { RequestInfo, UserInfo } from "../types.ts";
import type { RejectReason } from "./flow-counts.ts";
import type { ActiveFlowSchema, ClassifiedRequest } from "./flow-schema.ts";
import type { PriorityLevel } from "./priority-level.ts";
import type { Admission, QueuedRequest } from "./queue-set.ts";

/** What is known of a request, for those who look into the queues. */
export type DescribedRequest = ClassifiedRequest & Partial<Pick<RequestInfo, "name" | "version">>;

/** A request under flow control: what it was classified as, and whether it may execute. */
export class FlowRequest implements QueuedRequest {
  readonly seats = 1;
  readonly schema: ActiveFlowSchema;
  readonly info: DescribedRequest;
  readonly user: UserInfo;
  arrivedAt: number | undefined;
  /** When it began to execute. */
  startedAt: number | undefined;
  readonly #clock: Clock;
  readonly #idle: (level: PriorityLevel) => void;
  #admission: Admission<FlowRequest> | undefined;
  #state: "executing" | "waiting" | "rejected" | "done" = "rejected";
  #decide: ((executes: boolean) => void) | undefined;

  /** `idle` is told when a level that is leaving has nothing more to do. */
  constructor(
    { schema, info, user }: Pick<FlowRequest, "schema" | "info" | "user">,
    clock: Clock,
    idle: (level: PriorityLevel) => void,
  ) {
    this.schema = schema;
    this.info = info;
    this.user = user;
    this.#clock = clock;
    this.#idle = idle;
  }

  /** What its flow schema tells it from others by. */
  get flow(): string {
    return this.schema.flowOf(this.info, this.user);
  }

  get executing(): boolean {
    return this.#state === "executing";
  }

  get waiting(): boolean {
    return this.#state === "waiting";
  }

  /** What a rejected client is told to wait, in seconds. */
  get retryAfterSeconds(): number {
    return this.schema.level.retryAfter.seconds;
  }

  /** Asks for seats. Afterwards it executes, waits for its `turn`, or is rejected. */
  start(hand: readonly number[]): void {
    const { level, counts } = this.schema;
    const now = this.#clock.now();
    this.arrivedAt = now;
    this.#admission = level.queues.start(this, hand, now);
    this.#state = this.#admission.kind;
    if (this.#state === "executing") this.#executes(now);
    else if (this.#state === "waiting") counts.waiting++;
    else this.#reject(level.queuing === undefined ? "concurrency-limit" : "queue-full");
    level.demand.set(level.queues.demand, now);
  }

  /**
   * Resolves with true when a waiting request may execute, with false when it has waited for `limitMs` or `gone` was
   * called back. Call it once, in the turn of `start`.
   */
  turn(limitMs: number, gone: (callback: () => void) => void): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const cancel = this.#clock.schedule(limitMs, () => this.#abandon());
    this.#decide = (executes) => {
      cancel();
      resolve(executes);
    };
    gone(() => this.#abandon());
    return promise;
  }

  /** The queue lets it execute; only the queue calls this. */
  dispatched(now: number): void {
    this.schema.counts.waiting--;
    this.#state = "executing";
    this.#executes(now);
    this.#decide?.(true);
  }

  /** Gives its seats back. Idempotent; does nothing for what never executed. */
  finish(): void {
    if (this.#state !== "executing" || this.#admission?.kind === "rejected" || this.#admission === undefined) return;
    this.#state = "done";
    const { level, counts } = this.schema;
    const now = this.#clock.now();
    counts.executing--;
    counts.executingSeats -= this.seats;
    level.queues.finish(this.#admission.entry, now);
    this.#changed(level, now);
  }

  #executes(now: number): void {
    this.startedAt = now;
    const { counts } = this.schema;
    counts.dispatched++;
    counts.executing++;
    counts.executingSeats += this.seats;
  }

  #abandon(): void {
    if (this.#state !== "waiting" || this.#admission === undefined || this.#admission.kind === "rejected") return;
    const { level, counts } = this.schema;
    const now = this.#clock.now();
    if (!level.queues.abandon(this.#admission.entry, now)) return;
    this.#state = "rejected";
    counts.waiting--;
    this.#reject("time-out");
    this.#changed(level, now);
    this.#decide?.(false);
  }

  #reject(reason: RejectReason): void {
    this.schema.counts.reject(reason);
    this.schema.level.retryAfter.note(this.#clock.now());
  }

  #changed(level: PriorityLevel, now: number): void {
    level.demand.set(level.queues.demand, now);
    if (level.leaving && level.queues.idle) this.#idle(level);
  }
}
