import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { StoreError } from "../errors.ts";
import { backupOf, backupTime, findDamage, isBackupDue, keepBackup } from "./backup.ts";

/**
 * One step for each version of the schema; the file's `user_version` says how many were done. A step is never changed
 * after it was released.
 *
 * `kv` is an append-only log: a row a write, with the revision as its key. The newest row of a key is its state.
 * `compaction.revision` is the newest revision whose past is gone; it also keeps the counter from going back when
 * compaction removed the newest row.
 */
const migrations: readonly string[] = [
  `CREATE TABLE kv (
     revision INTEGER PRIMARY KEY,
     key TEXT NOT NULL,
     create_revision INTEGER NOT NULL,
     deleted INTEGER NOT NULL,
     value BLOB NOT NULL
   ) STRICT;
   CREATE UNIQUE INDEX kv_key ON kv (key, revision);
   CREATE TABLE compaction (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL) STRICT;
   INSERT INTO compaction VALUES (1, 1);`,
];

/**
 * Opens (and creates, with its folder) the database file and brings its schema up to date. The lock is exclusive: a
 * second process is refused at once. With `synced` a commit is in order with those before it, and durable once the log
 * (the file with `-wal` at its end) was synced, which is left to the caller. The file is looked at as a whole: damage is
 * found here, and not by who happens to read it. Throws StoreError Locked, Corrupt, TooNew, Full or Failed.
 */
export function openDatabase(path: string, synced: boolean): Database.Database {
  try {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const database = new Database(path, { timeout: 0 });
    try {
      database.pragma("locking_mode = EXCLUSIVE");
      database.pragma("journal_mode = WAL");
      // NORMAL syncs around checkpoints only. FULL would also sync each commit, on this thread.
      database.pragma(`synchronous = ${synced ? "NORMAL" : "OFF"}`);
      database.pragma("wal_autocheckpoint = 2000");
      const damage = findDamage(database);
      if (damage !== undefined) throw damaged(path, damage);
      migrate(database);
      if (synced && path !== ":memory:" && isBackupDue(path, Date.now())) tryToKeepBackup(database, path);
    } catch (error) {
      database.close();
      throw error;
    }
    return database;
  } catch (error) {
    throw storeError(error, path);
  }
}

/** At its orderly end. The database is looked at again, as a damaged one must not take the place of a whole one. */
export function closeDatabase(database: Database.Database, path: string, synced: boolean): void {
  if (synced && path !== ":memory:") tryToKeepBackup(database, path);
  database.close();
}

function tryToKeepBackup(database: Database.Database, path: string): void {
  try {
    if (findDamage(database) === undefined) keepBackup(database, path);
  } catch {
    // No room for a copy is no reason not to serve, or not to end; the older backup is there.
  }
}

function damaged(path: string, detail: string, cause?: unknown): StoreError {
  const made = backupTime(path);
  const backup = made === undefined ? "there is no backup" : `${backupOf(path)} is its backup of ${made.toISOString()}`;
  return new StoreError("STORE_CORRUPT", `${path} is damaged (${detail}); ${backup}`, { cause });
}

function migrate(database: Database.Database): void {
  const version = database.pragma("user_version", { simple: true }) as number;
  if (version > migrations.length) {
    throw new StoreError(
      "STORE_TOO_NEW",
      `the database has schema version ${version}, this program knows up to ${migrations.length}`,
    );
  }
  database.transaction(() => {
    for (const step of migrations.slice(version)) database.exec(step);
    database.pragma(`user_version = ${migrations.length}`);
  })();
}

/** Turns what better-sqlite3 and the file system throw into the register's errors; a StoreError stays itself. */
export function storeError(error: unknown, path: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = String((error as { code?: unknown }).code ?? "");
  const detail = error instanceof Error ? error.message : String(error);
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new StoreError("STORE_LOCKED", `${path} is in use by another process`, { cause: error });
  }
  if (code.startsWith("SQLITE_CORRUPT") || code.startsWith("SQLITE_NOTADB")) {
    return damaged(path, detail, error);
  }
  if (code.startsWith("SQLITE_FULL") || code === "ENOSPC") {
    return new StoreError("STORE_FULL", `no space left for ${path}`, { cause: error });
  }
  return new StoreError("STORE_FAILED", `${path}: ${detail}`, { cause: error });
}
