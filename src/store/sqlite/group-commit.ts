/**
 * Group commit: writes that arrive in one turn of the event loop are run in one transaction, so that they share one
 * fsync. Under load the turns grow by themselves; a lone write waits for nothing.
 */
interface QueuedWrite<T> {
  /** Runs inside the transaction. A throw refuses this write alone and must leave the database as it was. */
  run(): T;
  resolve(result: T): void;
  reject(error: unknown): void;
}

type Outcome<T> = { write: QueuedWrite<T>; result: T } | { write: QueuedWrite<T>; refused: unknown };

export interface GroupCommitOptions<T> {
  /** Runs `body` in a transaction and returns when it is durable; throws when it was rolled back. */
  transaction(body: () => void): void;
  /** Called after the commit and before any write of it is acknowledged. */
  committed(results: readonly T[]): void;
  /** Called when the transaction as a whole failed; gives the error for its writes. */
  failed(error: unknown): unknown;
  /** Whether an error is the refusal of one write and not a failure of the database. */
  isRefusal(error: unknown): boolean;
}

export class GroupCommit<T> {
  readonly #options: GroupCommitOptions<T>;
  #queue: QueuedWrite<T>[] = [];
  #scheduled = false;

  constructor(options: GroupCommitOptions<T>) {
    this.#options = options;
  }

  add(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ run, resolve, reject });
      if (this.#scheduled) return;
      this.#scheduled = true;
      setImmediate(() => this.flush());
    });
  }

  /** Commits what is queued, now. */
  flush(): void {
    this.#scheduled = false;
    const writes = this.#queue;
    if (writes.length === 0) return;
    this.#queue = [];
    const outcomes: Outcome<T>[] = [];
    try {
      this.#options.transaction(() => {
        for (const write of writes) outcomes.push(this.#runOne(write));
      });
    } catch (error) {
      const failure = this.#options.failed(error);
      for (const write of writes) write.reject(failure);
      return;
    }
    this.#options.committed(outcomes.flatMap((outcome) => ("result" in outcome ? [outcome.result] : [])));
    for (const outcome of outcomes) {
      if ("result" in outcome) outcome.write.resolve(outcome.result);
      else outcome.write.reject(outcome.refused);
    }
  }

  #runOne(write: QueuedWrite<T>): Outcome<T> {
    try {
      return { write, result: write.run() };
    } catch (error) {
      if (!this.#options.isRefusal(error)) throw error;
      return { write, refused: error };
    }
  }
}
