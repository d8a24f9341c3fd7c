/**
 * The Store on one SQLite file, through better-sqlite3: MVCC as an append-only log of revisions, WAL, one process,
 * group commit, durable before acknowledged. Fed by the API server's registry; feeds its watch cache.
 *
 * Calls into SQLite block the event loop; each is a point look-up, a bounded range or one commit. What a busy server
 * reads comes from the watch cache, not from here.
 */
import type Database from "better-sqlite3";
import { type Clock, systemClock } from "../../lib/clock.ts";
import {
  closed,
  compacted,
  futureRevision,
  isStoreError,
  keyExists,
  keyNotFound,
  revisionMismatch,
  type StoreError,
} from "../errors.ts";
import {
  type Entry,
  type EventHandler,
  type HistoryOptions,
  type ListOptions,
  type ListResult,
  type PastEvent,
  prefixEnd,
  type Store,
  type StoreEvent,
} from "../types.ts";
import { openDatabase, storeError } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import { type HistoryRow, prepareStatements, type Row, type Statements } from "./statements.ts";

export interface SqliteStoreOptions {
  /** File name, or `:memory:`. */
  readonly path: string;
  /** Default true: a write is on disk before it is acknowledged. False: what a crash of the machine leaves is open. */
  readonly durable?: boolean;
  /** Every so many milliseconds, what is older than one such period is compacted. Default 5 minutes; 0: never. */
  readonly compactionPeriodMs?: number;
  readonly clock?: Clock;
}

/** Revisions that one compaction step handles, so that it blocks for milliseconds only. */
const compactionStep = 500;
const unlimited = -1;

/** Opens the database; rejects with StoreError Locked, Corrupt, TooNew, Full or Failed. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  return new SqliteStore(options);
}

interface Subscription {
  readonly prefix: string;
  readonly handler: EventHandler;
}

class SqliteStore implements Store {
  readonly #database: Database.Database;
  readonly #statements: Statements;
  readonly #path: string;
  readonly #commits: GroupCommit<StoreEvent>;
  readonly #subscriptions = new Set<Subscription>();
  #stopCompaction: () => void = () => undefined;
  #revision: number;
  #compactRevision: number;
  #closed = false;

  constructor({ path, durable = true, compactionPeriodMs = 300_000, clock = systemClock }: SqliteStoreOptions) {
    this.#path = path;
    this.#database = openDatabase(path, durable);
    try {
      this.#statements = prepareStatements(this.#database);
      this.#compactRevision = this.#statements.compactRevision.get()?.revision ?? 1;
      this.#revision = this.#newestRevision();
    } catch (error) {
      this.#database.close();
      throw storeError(error, path);
    }
    this.#commits = new GroupCommit({
      transaction: this.#database.transaction((body: () => void) => body()).immediate,
      committed: (events) => this.#publish(events),
      failed: (error) => this.#rolledBack(error),
      isRefusal: (error) => isStoreError(error),
    });
    if (compactionPeriodMs > 0) this.#compactPeriodically(clock, compactionPeriodMs, this.#revision);
  }

  async get(key: string, revision?: number): Promise<Entry | undefined> {
    const at = this.#readable(revision);
    const row = this.#guard(() => this.#statements.get.get(key, at));
    return row === undefined || row.deleted === 1 ? undefined : entryOf(row);
  }

  async list(prefix: string, { limit = 0, after = "", revision }: ListOptions = {}): Promise<ListResult> {
    const at = this.#readable(revision);
    return this.#guard(() => {
      const range = [prefix, prefixEnd(prefix)] as const;
      const rows = this.#statements.list.all(...range, after, at, limit > 0 ? limit : unlimited);
      const full = limit > 0 && rows.length === limit;
      const last = rows.at(-1)?.key ?? after;
      const remaining = full ? (this.#statements.count.get(...range, last, at)?.count ?? 0) : 0;
      return { revision: at, entries: rows.map(entryOf), remaining };
    });
  }

  create(key: string, value: Buffer): Promise<number> {
    return this.#write(() => {
      const head = this.#statements.head.get(key);
      if (head !== undefined && head.deleted === 0) throw keyExists(key, head.revision);
      const revision = this.#revision + 1;
      return this.#append({ type: "PUT", key, value, revision, createRevision: revision });
    });
  }

  update(key: string, value: Buffer, expectedRevision: number): Promise<number> {
    return this.#write(() => {
      const createRevision = this.#expect(key, expectedRevision);
      return this.#append({ type: "PUT", key, value, revision: this.#revision + 1, createRevision });
    });
  }

  delete(key: string, expectedRevision: number): Promise<number> {
    return this.#write(() => {
      const createRevision = this.#expect(key, expectedRevision);
      const value = this.#statements.get.get(key, this.#revision)?.value ?? Buffer.alloc(0);
      return this.#append({ type: "DELETE", key, value, revision: this.#revision + 1, createRevision });
    });
  }

  async watch(prefix: string, afterRevision: number, handler: EventHandler): Promise<() => void> {
    if (this.#closed) throw closed();
    const past = this.#history(prefix, afterRevision, {});
    if (past.length > 0) handler(past);
    const subscription = { prefix, handler };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  async history(prefix: string, afterRevision: number, options: HistoryOptions = {}): Promise<readonly PastEvent[]> {
    return this.#history(prefix, afterRevision, options);
  }

  async compact(revision: number): Promise<void> {
    if (revision > this.#revision) throw futureRevision(revision, this.#revision);
    while (this.#compactRevision < revision) {
      if (this.#closed) throw closed();
      this.#compactStep(Math.min(revision, this.#compactRevision + compactionStep));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async currentRevision(): Promise<number> {
    return this.#revision;
  }

  async compactRevision(): Promise<number> {
    return this.#compactRevision;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#commits.flush();
    this.#closed = true;
    this.#stopCompaction();
    this.#subscriptions.clear();
    this.#database.close();
  }

  async #write(run: () => StoreEvent): Promise<number> {
    if (this.#closed) throw closed();
    return (await this.#commits.add(run)).revision;
  }

  /** The create revision of a live key at the expected revision; else the refusal. */
  #expect(key: string, expectedRevision: number): number {
    const head = this.#statements.head.get(key);
    if (head === undefined || head.deleted === 1) throw keyNotFound(key);
    if (head.revision !== expectedRevision) throw revisionMismatch(key, expectedRevision, head.revision);
    return head.create_revision;
  }

  #append(event: StoreEvent): StoreEvent {
    const removal = event.type === "DELETE";
    const value = removal ? Buffer.alloc(0) : event.value;
    this.#statements.insert.run(event.revision, event.key, event.createRevision, removal ? 1 : 0, value);
    this.#revision = event.revision;
    return event;
  }

  #publish(events: readonly StoreEvent[]): void {
    if (events.length === 0) return;
    for (const { prefix, handler } of this.#subscriptions) {
      const wanted = events.every((event) => event.key.startsWith(prefix))
        ? events
        : events.filter((event) => event.key.startsWith(prefix));
      if (wanted.length > 0) handler(wanted);
    }
  }

  #rolledBack(error: unknown): StoreError {
    // A failed COMMIT may still have reached the disk, so the counter is taken from the database again.
    try {
      this.#revision = Math.max(this.#newestRevision(), this.#compactRevision);
    } catch (secondary) {
      return storeError(secondary, this.#path);
    }
    return storeError(error, this.#path);
  }

  #newestRevision(): number {
    return Math.max(this.#statements.newestRevision.get()?.revision ?? 0, this.#compactRevision);
  }

  /** The revision to read at, checked. */
  #readable(revision: number | undefined): number {
    if (this.#closed) throw closed();
    if (revision === undefined) return this.#revision;
    if (revision > this.#revision) throw futureRevision(revision, this.#revision);
    if (revision < this.#compactRevision) throw compacted(revision, this.#compactRevision);
    return revision;
  }

  #history(prefix: string, afterRevision: number, { through, limit = unlimited }: HistoryOptions): PastEvent[] {
    if (afterRevision === this.#revision) return [];
    this.#readable(afterRevision);
    const end = through ?? this.#revision;
    return this.#guard(() =>
      this.#statements.history.all(prefix, prefixEnd(prefix), afterRevision, end, limit).map(pastEventOf),
    );
  }

  #guard<R>(read: () => R): R {
    try {
      return read();
    } catch (error) {
      throw storeError(error, this.#path);
    }
  }

  #compactStep(through: number): void {
    this.#guard(
      this.#database.transaction(() => {
        this.#statements.forgetReplaced.run(this.#compactRevision, through);
        this.#statements.forgetDeleted.run(this.#compactRevision, through);
        this.#statements.setCompactRevision.run(through);
      }),
    );
    this.#compactRevision = through;
  }

  /** Compacts what was current one period ago, so that a watch may lag by a period. */
  #compactPeriodically(clock: Clock, periodMs: number, revisionBefore: number): void {
    this.#stopCompaction = clock.schedule(periodMs, () => {
      const current = this.#revision;
      // A failure here leaves the log longer and nothing else; the next round does the work.
      this.compact(revisionBefore).catch(() => undefined);
      this.#compactPeriodically(clock, periodMs, current);
    });
  }
}

function entryOf(row: Row): Entry {
  return { key: row.key, value: row.value, revision: row.revision, createRevision: row.create_revision };
}

function pastEventOf(row: HistoryRow): PastEvent {
  const previous =
    row.previous_revision === null || row.previous_deleted === 1
      ? undefined
      : {
          key: row.key,
          value: row.previous_value as Buffer,
          revision: row.previous_revision,
          createRevision: row.previous_create_revision as number,
        };
  const removal = row.deleted === 1;
  return {
    type: removal ? "DELETE" : "PUT",
    key: row.key,
    value: removal && previous !== undefined ? previous.value : row.value,
    revision: row.revision,
    createRevision: row.create_revision,
    previous,
  };
}
