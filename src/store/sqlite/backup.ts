/**
 * A copy of the database beside it, for the day when the database is found damaged. It is made of a whole database only,
 * at each orderly end and, for those that never end, at the first start of a day.
 */
import { closeSync, constants, copyFileSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import type Database from "better-sqlite3";

const dayMs = 86_400_000;
/** Copying more would take seconds, and as much room again. */
const limitBytes = 256 << 20;

export function backupOf(path: string): string {
  return `${path}.backup`;
}

/** Undefined where there is none. */
export function backupTime(path: string): Date | undefined {
  return statSync(backupOf(path), { throwIfNoEntry: false })?.mtime;
}

export function isBackupDue(path: string, now: number): boolean {
  const made = backupTime(path);
  return made === undefined || now - made.getTime() > dayMs;
}

/** What is wrong with the database, one line; undefined when nothing is. About a millisecond for each megabyte. */
export function findDamage(database: Database.Database): string | undefined {
  const found = String(database.pragma("quick_check(1)", { simple: true }));
  return found === "ok" ? undefined : found.replaceAll(/\s+/g, " ");
}

/**
 * Replaces the backup. The database must be whole and this process its only user. False where it is too large, in which case
 * the older backup stays. Throws what the file system throws, leaving the older backup.
 */
export function keepBackup(database: Database.Database, path: string): boolean {
  // All of it into the one file.
  database.pragma("wal_checkpoint(TRUNCATE)");
  if (statSync(path).size > limitBytes) return false;
  const copy = `${backupOf(path)}.new`;
  try {
    copyFileSync(path, copy, constants.COPYFILE_FICLONE);
    const file = openSync(copy, "r+");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(copy, backupOf(path));
  } catch (error) {
    rmSync(copy, { force: true });
    throw error;
  }
  return true;
}
