/**
 * Group commit: writes that arrive in one turn of the event loop, or while the disk is busy with those before them, run
 * in one transaction and share one sync. Under load the groups grow by themselves; a lone write waits for nothing. What
 * was committed is shown and acknowledged when it is durable.
 *
 * The sync of a group is left to Node's thread pool, so that the event loop serves reads and takes the next writes
 * meanwhile. A lone write is synced on this thread: on a busy machine the two changes of thread cost more than the disk.
 */
interface QueuedWrite<T> {
  /** Runs inside the transaction. A throw refuses this write alone and must leave the database as it was. */
  run(): T;
  resolve(result: T): void;
  reject(error: unknown): void;
}

type Outcome<T> = { write: QueuedWrite<T>; result: T } | { write: QueuedWrite<T>; refused: unknown };

export interface Disk {
  /** Throws where it fails. */
  syncNow(): void;
  sync(done: (error?: Error | null) => void): void;
}

export interface GroupCommitOptions<T> {
  /** Runs `body` in a transaction; throws when it was rolled back. */
  transaction(body: () => void): void;
  /** Makes what was committed durable, here or elsewhere. Absent: it is, or need not be. */
  readonly disk?: Disk | undefined;
  /** Called when a transaction is durable and before any write of it is acknowledged. */
  committed(results: readonly T[]): void;
  /** Called when the transaction as a whole failed; gives the error for its writes. */
  failed(error: unknown): unknown;
  /** Called when a transaction was committed and may not be durable; gives the error for its writes. */
  notSynced(error: unknown): unknown;
  /** Whether an error is the refusal of one write and not a failure of the database. */
  isRefusal(error: unknown): boolean;
}

export class GroupCommit<T> {
  readonly #options: GroupCommitOptions<T>;
  #queue: QueuedWrite<T>[] = [];
  /** Whether a flush is scheduled, or follows when the sync under way has ended. */
  #busy = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: GroupCommitOptions<T>) {
    this.#options = options;
  }

  add(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ run, resolve, reject });
      if (!this.#busy) this.#schedule();
    });
  }

  /** Resolves when nothing is queued or under way. */
  idle(): Promise<void> {
    return this.#busy ? new Promise((resolve) => this.#whenIdle.push(resolve)) : Promise.resolve();
  }

  #schedule(): void {
    this.#busy = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const writes = this.#queue;
    this.#queue = [];
    const { transaction, disk, failed } = this.#options;
    const outcomes: Outcome<T>[] = [];
    try {
      transaction(() => {
        for (const write of writes) outcomes.push(this.#runOne(write));
      });
    } catch (error) {
      this.#end(writes, failed(error));
      return;
    }
    const synced = (error?: unknown): void => {
      if (error) this.#end(writes, this.#options.notSynced(error));
      else this.#acknowledge(outcomes);
    };
    if (disk === undefined) synced();
    else if (writes.length > 1) disk.sync(synced);
    else synced(attempt(disk.syncNow));
  }

  #runOne(write: QueuedWrite<T>): Outcome<T> {
    try {
      return { write, result: write.run() };
    } catch (error) {
      if (!this.#options.isRefusal(error)) throw error;
      return { write, refused: error };
    }
  }

  /** Refusals wait for the others too: who was refused for a write before his then finds that write in the cache. */
  #acknowledge(outcomes: readonly Outcome<T>[]): void {
    this.#options.committed(outcomes.flatMap((outcome) => ("result" in outcome ? [outcome.result] : [])));
    for (const outcome of outcomes) {
      if ("result" in outcome) outcome.write.resolve(outcome.result);
      else outcome.write.reject(outcome.refused);
    }
    this.#next();
  }

  #end(writes: readonly QueuedWrite<T>[], failure: unknown): void {
    for (const write of writes) write.reject(failure);
    this.#next();
  }

  /** In a turn of its own, so that the answers to what was acknowledged go out first. */
  #next(): void {
    if (this.#queue.length > 0) {
      this.#schedule();
      return;
    }
    this.#busy = false;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

function attempt(action: () => void): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
