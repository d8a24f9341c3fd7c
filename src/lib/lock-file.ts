/** Locks between processes: a file that says who holds it. One left by a process that is gone does not count. */
import { link, lstat, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { readFileIfPresent, temporaryBeside } from "./atomic-file.ts";
import { makeFolder } from "./folder.ts";

/** Held until disposed (`await using`). */
export interface FileLock extends AsyncDisposable {
  readonly path: string;
}

/** Thrown when another process holds the lock. */
export class LockedError extends Error {
  readonly path: string;
  /** 0 where the lock does not say. */
  readonly holder: number;

  constructor(path: string, holder: number) {
    super(`${path} is held by process ${holder}`);
    this.name = "LockedError";
    this.path = path;
    this.holder = holder;
  }
}

/** More than any number of processes that find the same abandoned lock needs. */
const attempts = 100;
const pauseMs = 5;
/** Where there are no hard links a lock is empty for a moment; one that stays so was left by a process that was killed. */
const emptyForMs = 60_000;

/** Takes the lock or throws LockedError at once. */
export async function lockFile(path: string): Promise<FileLock> {
  await makeFolder(dirname(path), 0o700);
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      await claim(path);
      return { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = await holderOf(path);
      if (typeof holder === "number") throw new LockedError(path, holder);
      if (holder === "gone" && (await removeAbandoned(path))) continue;
      await pause(pauseMs);
    }
  }
  throw new LockedError(path, 0);
}

/** Takes the lock, waiting for its holder for up to `timeoutMs`. */
export async function waitForLock(path: string, timeoutMs: number): Promise<FileLock> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await lockFile(path);
    } catch (error) {
      if (!(error instanceof LockedError) || Date.now() > deadline) throw error;
      await pause(20);
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Makes the file, which says from its first moment on who holds it: it is written under another name, and gets this one
 * where nobody has it. On a full disk it is a symbolic link to what would be its text, which takes no block: a cluster
 * that has filled the disk must be stopped and deleted there.
 */
async function claim(path: string): Promise<void> {
  const holder = `${process.pid} ${(await startTime(process.pid)) ?? ""}`;
  const prepared = temporaryBeside(path);
  try {
    await writeFile(prepared, holder, { mode: 0o600 });
    await link(prepared, path);
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (full.has(code)) await symlink(holder, path);
    else if (linkless.has(code)) await writeFile(path, holder, { flag: "wx", mode: 0o600 });
    else throw error;
  } finally {
    await rm(prepared, { force: true });
  }
}

/** What file systems without hard links say. */
const linkless = new Set(["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

/** What full disks say, and those of whoever has had their share. */
const full = new Set(["ENOSPC", "EDQUOT"]);

/**
 * Removes a lock whose holder is gone. One process at a time looks once more and removes, or it would take away the lock
 * that somebody else has made in between. False where another process is at it.
 */
async function removeAbandoned(path: string): Promise<boolean> {
  // Loaded here, since most commands never meet such a lock.
  const [{ createHash }, { claimName }] = await Promise.all([import("node:crypto"), import("./abstract-name.ts")]);
  const release = await claimName(`mini-lock-${createHash("sha256").update(path).digest("hex")}`);
  if (release === undefined) return false;
  try {
    if ((await holderOf(path)) === "gone") await rm(path, { force: true });
    return true;
  } finally {
    release();
  }
}

/** Undefined where there is no lock any more; 0 where its holder has not said yet who it is. */
async function holderOf(path: string): Promise<number | "gone" | undefined> {
  const text = (await readlink(path).catch(() => undefined)) ?? (await readFileIfPresent(path));
  if (text === undefined) return undefined;
  const [pid = "", started] = text.split(" ");
  if (pid !== "") return (await startTime(Number(pid))) === started ? Number(pid) : "gone";
  const made = await lstat(path).catch(() => undefined);
  if (made === undefined) return undefined;
  return Date.now() - made.mtimeMs < emptyForMs ? 0 : "gone";
}

/** When a process started, in clock ticks since boot: tells it from a later one with the same id. */
async function startTime(pid: number): Promise<string | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return status?.slice(status.lastIndexOf(")") + 2).split(" ")[19];
}
