/** Keeps container logs small: at 10 MiB a file is put aside and compressed, and five files are kept. */
import { createReadStream, createWriteStream } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";

const maximumBytes = 10 * 1024 * 1024;
const maximumFiles = 5;
const checkMs = 10_000;

export interface LogRotationInput {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The running containers. */
  containers(): Iterable<{ readonly id: string; readonly logPath: string }>;
}

/** Runs until the signal aborts. */
export async function rotateLogs({ runtime, clock, log, signal, containers }: LogRotationInput): Promise<void> {
  for (;;) {
    await clock.sleep(checkMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    for (const { id, logPath } of containers()) {
      try {
        const found = await stat(logPath).catch(() => undefined);
        if (found !== undefined && found.size >= maximumBytes) await rotate(runtime, id, logPath);
      } catch (error) {
        log.warn("cannot rotate a container's log", { container: id, error: errorChain(error) });
      }
    }
  }
}

async function rotate(runtime: RuntimeService, id: string, path: string): Promise<void> {
  const folder = dirname(path);
  const name = basename(path);
  const old = (await readdir(folder)).filter((other) => other.startsWith(`${name}.`)).sort();
  for (const other of old.filter((file) => !file.endsWith(".gz"))) {
    const file = join(folder, other);
    await pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`));
    await rm(file);
  }
  // The present one, the one put aside now, and these.
  for (const other of old.slice(0, Math.max(0, old.length - (maximumFiles - 2)))) {
    await rm(join(folder, other), { force: true });
    await rm(join(folder, `${other}.gz`), { force: true });
  }
  const stamp = new Date().toISOString().replace(/[-:T]/g, "").slice(0, 14);
  const aside = `${path}.${stamp.slice(0, 8)}-${stamp.slice(8)}`;
  await rename(path, aside);
  try {
    await runtime.reopenContainerLog(id);
  } catch (error) {
    await rename(aside, path);
    throw error;
  }
}
