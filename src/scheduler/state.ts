import type { Client, EventRecorder, Informers } from "../client/types.ts";
import type { Clock } from "../lib/clock.ts";
import type { SchedulerCache } from "./cache/scheduler-cache.ts";
import type { SchedulingCycle } from "./framework/cycle.ts";
import type { Plugin } from "./framework/types.ts";
import type { Nominator } from "./preemption/nominator.ts";
import type { SchedulingQueue } from "./queue/scheduling-queue.ts";

export interface SchedulerOptions {
  readonly client: Client;
  readonly informers: Informers;
  /** In the name of `default-scheduler`. */
  readonly recorder: EventRecorder;
  readonly clock?: Clock;
}

export interface SchedulerState extends Required<SchedulerOptions> {
  readonly cache: SchedulerCache;
  readonly queue: SchedulingQueue;
  readonly nominator: Nominator;
  readonly plugins: readonly Plugin[];
  readonly cycle: SchedulingCycle;
  readonly signal: AbortSignal;
}

export const schedulerName = "default-scheduler";
