export type RejectReason = "concurrency-limit" | "queue-full" | "time-out";

/** What became of the requests of one flow schema at one priority level. */
export class FlowCounts {
  dispatched = 0;
  executing = 0;
  executingSeats = 0;
  waiting = 0;
  readonly rejected = new Map<RejectReason, number>();

  reject(reason: RejectReason): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }
}
