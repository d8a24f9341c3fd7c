import type Database from "better-sqlite3";

/** A row of `kv`, as the statements below give it. */
export interface Row {
  readonly revision: number;
  readonly key: string;
  readonly create_revision: number;
  readonly deleted: number;
  readonly value: Buffer;
}

/** A row of history: the change, and the row that it replaced (null where there was none). */
export interface HistoryRow extends Row {
  readonly previous_revision: number | null;
  readonly previous_deleted: number | null;
  readonly previous_create_revision: number | null;
  readonly previous_value: Buffer | null;
}

type Head = Pick<Row, "revision" | "create_revision" | "deleted">;

/** The newest row of each key in a range, as of a revision. */
const snapshot = `(SELECT key AS newest_key, MAX(revision) AS newest FROM kv
                   WHERE key >= ? AND key < ? AND key > ? AND revision <= ? GROUP BY key)`;

export interface Statements {
  readonly newestRevision: Database.Statement<[], { revision: number | null }>;
  readonly compactRevision: Database.Statement<[], { revision: number }>;
  readonly head: Database.Statement<[string], Head>;
  readonly get: Database.Statement<[string, number], Row>;
  readonly list: Database.Statement<[string, string, string, number, number], Row>;
  readonly count: Database.Statement<[string, string, string, number], { count: number }>;
  readonly insert: Database.Statement<[number, string, number, number, Buffer]>;
  readonly history: Database.Statement<[string, string, number, number, number], HistoryRow>;
  readonly setCompactRevision: Database.Statement<[number]>;
  /** Rows that a write in the range replaced. */
  readonly forgetReplaced: Database.Statement<[number, number]>;
  /** Removals in the range; what they removed must be forgotten already. */
  readonly forgetDeleted: Database.Statement<[number, number]>;
}

/** For one connection; they end with it. */
export function prepareStatements(database: Database.Database): Statements {
  return {
    newestRevision: database.prepare("SELECT MAX(revision) AS revision FROM kv"),
    compactRevision: database.prepare("SELECT revision FROM compaction"),
    head: database.prepare(
      "SELECT revision, create_revision, deleted FROM kv WHERE key = ? ORDER BY revision DESC LIMIT 1",
    ),
    get: database.prepare("SELECT * FROM kv WHERE key = ? AND revision <= ? ORDER BY revision DESC LIMIT 1"),
    list: database.prepare(
      `SELECT kv.* FROM ${snapshot} CROSS JOIN kv ON kv.revision = newest WHERE deleted = 0 ORDER BY newest_key LIMIT ?`,
    ),
    count: database.prepare(
      `SELECT COUNT(*) AS count FROM ${snapshot} CROSS JOIN kv ON kv.revision = newest WHERE deleted = 0`,
    ),
    insert: database.prepare("INSERT INTO kv (revision, key, create_revision, deleted, value) VALUES (?, ?, ?, ?, ?)"),
    history: database.prepare(
      `SELECT kv.*, old.revision AS previous_revision, old.deleted AS previous_deleted,
              old.create_revision AS previous_create_revision, old.value AS previous_value
       FROM kv LEFT JOIN kv AS old
         ON old.revision = (SELECT MAX(revision) FROM kv AS earlier
                            WHERE earlier.key = kv.key AND earlier.revision < kv.revision)
       WHERE +kv.key >= ? AND +kv.key < ? AND kv.revision > ? AND kv.revision <= ?
       ORDER BY kv.revision LIMIT ?`,
    ),
    setCompactRevision: database.prepare("UPDATE compaction SET revision = ?"),
    forgetReplaced: database.prepare(
      `DELETE FROM kv WHERE revision IN (
         SELECT (SELECT MAX(old.revision) FROM kv AS old WHERE old.key = new.key AND old.revision < new.revision)
         FROM kv AS new WHERE new.revision > ? AND new.revision <= ?)`,
    ),
    forgetDeleted: database.prepare("DELETE FROM kv WHERE revision > ? AND revision <= ? AND deleted = 1"),
  };
}
