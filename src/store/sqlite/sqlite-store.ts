/**
 * The Store on one SQLite file, through better-sqlite3: MVCC as an append-only log of revisions, WAL, one process,
 * group commit, durable before visible and acknowledged. Fed by the API server's registry; feeds its watch cache.
 *
 * Calls into SQLite block the event loop; each is a point look-up, a bounded range or the writing of a commit into the
 * log. Waiting for the disk is left to Node's thread pool. What a busy server reads comes from the watch cache, not from
 * here.
 */
import { closeSync, fdatasync, fdatasyncSync, openSync } from "node:fs";
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
import { closeDatabase, openDatabase, storeError } from "./database.ts";
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
const nothing = Buffer.alloc(0);

/** Opens the database; rejects with StoreError Locked, Corrupt, TooNew, Full or Failed. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<Store> {
  return new SqliteStore(options);
}

/** The newest state of a key that is there. */
interface Head {
  readonly revision: number;
  readonly createRevision: number;
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
  /** Of keys that were written since the start, so that a write of them need not be looked up on disk. */
  readonly #heads = new Map<string, Head>();
  /** The log that a commit goes to; undefined where nothing is synced. */
  readonly #log: number | undefined;
  #stopCompaction: () => void = () => undefined;
  /** The newest revision that is durable: what readers see. */
  #revision: number;
  /** The newest revision that is in the database. */
  #written: number;
  #compactRevision: number;
  #closed = false;
  /** Set when a sync failed: what the disk holds is not known until the database is opened again. */
  #broken: StoreError | undefined;

  constructor({ path, durable = true, compactionPeriodMs = 300_000, clock = systemClock }: SqliteStoreOptions) {
    this.#path = path;
    this.#database = openDatabase(path, durable);
    try {
      this.#statements = prepareStatements(this.#database);
      this.#compactRevision = this.#statements.compactRevision.get()?.revision ?? 1;
      this.#revision = this.#newestRevision();
      this.#written = this.#revision;
      this.#log = durable && path !== ":memory:" ? openSync(`${path}-wal`, "r") : undefined;
    } catch (error) {
      this.#database.close();
      throw storeError(error, path);
    }
    const log = this.#log;
    this.#commits = new GroupCommit({
      disk: log === undefined ? undefined : { syncNow: () => fdatasyncSync(log), sync: (done) => fdatasync(log, done) },
      transaction: this.#database.transaction((body: () => void) => body()).immediate,
      committed: (events) => this.#publish(events),
      failed: (error) => this.#rolledBack(error),
      notSynced: (error) => {
        this.#broken = storeError(error, this.#path);
        return this.#broken;
      },
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
      const head = this.#head(key);
      if (head !== undefined) throw keyExists(key, head.revision);
      const revision = this.#written + 1;
      return this.#append({ type: "PUT", key, value, revision, createRevision: revision });
    });
  }

  update(key: string, value: Buffer, expectedRevision: number): Promise<number> {
    return this.#write(() => {
      const createRevision = this.#expect(key, expectedRevision);
      return this.#append({ type: "PUT", key, value, revision: this.#written + 1, createRevision });
    });
  }

  delete(key: string, expectedRevision: number): Promise<number> {
    return this.#write(() => {
      const createRevision = this.#expect(key, expectedRevision);
      const { get } = this.#statements;
      const revision = this.#written + 1;
      return this.#append({
        type: "DELETE",
        key,
        // Who has the object already need not have it read.
        get value() {
          return get.get(key, expectedRevision)?.value ?? nothing;
        },
        revision,
        createRevision,
      });
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
    this.#closed = true;
    this.#stopCompaction();
    await this.#commits.idle();
    this.#subscriptions.clear();
    if (this.#log !== undefined) closeSync(this.#log);
    closeDatabase(this.#database, this.#path, this.#log !== undefined && this.#broken === undefined);
  }

  async #write(run: () => StoreEvent): Promise<number> {
    if (this.#closed) throw closed();
    if (this.#broken !== undefined) throw this.#broken;
    return (await this.#commits.add(run)).revision;
  }

  /** The create revision of a live key at the expected revision; else the refusal. */
  #expect(key: string, expectedRevision: number): number {
    const head = this.#head(key);
    if (head === undefined) throw keyNotFound(key);
    if (head.revision !== expectedRevision) throw revisionMismatch(key, expectedRevision, head.revision);
    return head.createRevision;
  }

  #head(key: string): Head | undefined {
    const known = this.#heads.get(key);
    if (known !== undefined) return known;
    const row = this.#statements.head.get(key);
    if (row === undefined || row.deleted === 1) return undefined;
    return { revision: row.revision, createRevision: row.create_revision };
  }

  #append(event: StoreEvent): StoreEvent {
    const { type, key, revision, createRevision } = event;
    const removal = type === "DELETE";
    this.#statements.insert.run(revision, key, createRevision, removal ? 1 : 0, removal ? nothing : event.value);
    if (removal) this.#heads.delete(key);
    else this.#heads.set(key, { revision, createRevision });
    this.#written = revision;
    return event;
  }

  #publish(events: readonly StoreEvent[]): void {
    const last = events.at(-1);
    if (last === undefined) return;
    this.#revision = last.revision;
    for (const { prefix, handler } of this.#subscriptions) {
      const wanted = events.every((event) => event.key.startsWith(prefix))
        ? events
        : events.filter((event) => event.key.startsWith(prefix));
      if (wanted.length > 0) handler(wanted);
    }
  }

  #rolledBack(error: unknown): StoreError {
    this.#heads.clear();
    // A failed COMMIT may still have reached the disk, so the counter is taken from the database again.
    try {
      this.#written = this.#newestRevision();
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
