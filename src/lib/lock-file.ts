/** Locks between processes: a file that says who holds it. One left by a process that is gone does not count. */
import { open, readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "./folder.ts";

/** Held until disposed (`await using`). */
export interface FileLock extends AsyncDisposable {
  readonly path: string;
}

/** Thrown when another process holds the lock. */
export class LockedError extends Error {
  readonly holder: number;

  constructor(path: string, holder: number) {
    super(`${path} is held by process ${holder}`);
    this.name = "LockedError";
    this.holder = holder;
  }
}

/** Takes the lock or throws LockedError at once. */
export async function lockFile(path: string): Promise<FileLock> {
  await makeFolder(dirname(path), 0o700);
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await claim(path);
      return { path, [Symbol.asyncDispose]: () => rm(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const holder = await liveHolder(path);
      if (holder !== undefined) throw new LockedError(path, holder);
      await rm(path, { force: true });
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
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Makes the file and writes who holds it; a disk that is full leaves no file behind. */
async function claim(path: string): Promise<void> {
  await using file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(`${process.pid} ${(await startTime(process.pid)) ?? ""}`);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function liveHolder(path: string): Promise<number | undefined> {
  const [pid, started] = (await readFile(path, "utf8").catch(() => "")).split(" ");
  // Its holder has made it this moment, and writes its id next.
  if (pid === "" || pid === undefined) return 0;
  return (await startTime(Number(pid))) === started ? Number(pid) : undefined;
}

/** When a process started, in clock ticks since boot: tells it from a later one with the same id. */
async function startTime(pid: number): Promise<string | undefined> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return status?.slice(status.lastIndexOf(")") + 2).split(" ")[19];
}
