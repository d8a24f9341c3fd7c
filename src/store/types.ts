/**
 * The key-value store under the API server: keys are strings, values are bytes that nothing here looks into.
 *
 *   registry ── create/update/delete(expected revision) ──► Store ──► disk (one transaction for many writes)
 *                                                             │
 *   watch cache ◄── watch(prefix, from revision): events ─────┘   GET, LIST and WATCH are answered by the cache
 *
 * Every write that succeeds takes the next number of one global revision, which never repeats, also not after a crash
 * or a compaction. Old revisions stay readable until they are compacted. A second backend passes the same suite
 * (suite.ts).
 */
export interface Entry {
  readonly key: string;
  readonly value: Buffer;
  /** Revision of the write that made this value. */
  readonly revision: number;
  /** Revision of the write that created the key. */
  readonly createRevision: number;
}

export interface ListOptions {
  /** At most so many entries; absent or 0: all. */
  readonly limit?: number;
  /** Only keys after this one, in byte order. */
  readonly after?: string;
  /** The state as of this revision; absent: the newest. */
  readonly revision?: number;
}

export interface ListResult {
  /** Revision that the entries are a snapshot of. */
  readonly revision: number;
  /** In byte order of their keys. */
  readonly entries: readonly Entry[];
  /** Entries of the snapshot that the limit left out. */
  readonly remaining: number;
}

export interface StoreEvent {
  readonly type: "PUT" | "DELETE";
  readonly key: string;
  /** The value written; for DELETE the last one. */
  readonly value: Buffer;
  readonly revision: number;
  /** Equal to `revision` on a PUT that created the key. */
  readonly createRevision: number;
}

/** An event read back from disk, with the value that it replaced. */
export interface PastEvent extends StoreEvent {
  readonly previous: Entry | undefined;
}

/**
 * Called with the events of one commit, in order of revision, before any of its writes is acknowledged. Must not throw
 * and must not write synchronously.
 */
export type EventHandler = (events: readonly StoreEvent[]) => void;

/**
 * All methods reject with StoreError (errors.ts). A write is durable when its promise resolves; when it rejects with
 * anything else than a refusal (exists, not found, mismatch) it may have happened or not.
 */
export interface Store {
  get(key: string, revision?: number): Promise<Entry | undefined>;
  /** Keys that start with `prefix`. Rejects with Compacted or FutureRevision where the snapshot cannot be given. */
  list(prefix: string, options?: ListOptions): Promise<ListResult>;
  /** Resolves with the revision of the write. Rejects with KeyExists. */
  create(key: string, value: Buffer): Promise<number>;
  /** Rejects with KeyNotFound, or RevisionMismatch when the key's revision is not `expectedRevision`. */
  update(key: string, value: Buffer, expectedRevision: number): Promise<number>;
  /** As update; the key is gone afterwards. Resolves with the revision of the removal. */
  delete(key: string, expectedRevision: number): Promise<number>;
  /**
   * Calls `handler` with every event after `afterRevision` on keys that start with `prefix`, first the past ones, then
   * each as it is committed; never twice, never out of order. Rejects with Compacted where the past is gone. Returns
   * how to stop.
   */
  watch(prefix: string, afterRevision: number, handler: EventHandler): Promise<() => void>;
  /** The events on `prefix` after one revision and up to another, at most `limit`. Rejects with Compacted. */
  history(prefix: string, afterRevision: number, options?: HistoryOptions): Promise<readonly PastEvent[]>;
  /** Forgets what nobody can see any more who reads at `revision` or later. Idempotent. */
  compact(revision: number): Promise<void>;
  currentRevision(): Promise<number>;
  /** The oldest revision that can be read at. */
  compactRevision(): Promise<number>;
  /** Finishes the writes that are under way; later calls reject with Closed. Idempotent. */
  close(): Promise<void>;
}

export interface HistoryOptions {
  readonly through?: number;
  readonly limit?: number;
}

/** The smallest string that sorts after every string with this prefix. Keys are ASCII. */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix === "" ? "\u{10ffff}" : prefix.slice(0, -1) + String.fromCharCode(last + 1);
}
