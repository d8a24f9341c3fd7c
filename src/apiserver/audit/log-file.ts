/**
 * A file of lines that grows to a limit and is then put aside under a name with the time, of which some are kept. Lines
 * are gathered and written a few times a second; where they come faster than the disk takes them, the writer waits, so
 * that neither memory grows nor a line is lost.
 */
import { writeSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { type Clock, systemClock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";

export interface LogFileOptions {
  readonly path: string;
  /** When a file is put aside; 0: never. */
  readonly maximumBytes: number;
  /** How many are kept besides the current one; 0: all. */
  readonly maximumBackups: number;
  /** How long those are kept; 0: for ever. */
  readonly maximumAgeMs: number;
}

export interface LogSink {
  /** One line, without its end. Never throws. */
  write(line: string): void;
  /** Resolves when all that was written is in the file. */
  close(): Promise<void>;
}

const flushMs = 200;
const flushBytes = 256 * 1024;
/** What may wait in memory. */
const heldBytes = 8 * 1024 * 1024;
const complaintMs = 60_000;

/** Rejects where the file cannot be made. It is for its owner alone, and so is its folder if it has to be made. */
export async function openLogFile(options: LogFileOptions, log: Logger, clock: Clock = systemClock): Promise<LogSink> {
  await mkdir(dirname(options.path), { recursive: true, mode: 0o700 });
  const file = new LogFile(options, log, clock);
  await file.open();
  return file;
}

class LogFile implements LogSink {
  readonly #options: LogFileOptions;
  readonly #log: Logger;
  readonly #clock: Clock;
  #file: FileHandle | undefined;
  #size = 0;
  #lines: string[] = [];
  #bytes = 0;
  #writing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #complainedAt = Number.NEGATIVE_INFINITY;

  constructor(options: LogFileOptions, log: Logger, clock: Clock) {
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
  }

  async open(): Promise<void> {
    this.#file = await open(this.#options.path, "a", 0o600);
    this.#size = (await this.#file.stat()).size;
  }

  write(line: string): void {
    this.#lines.push(line);
    this.#bytes += Buffer.byteLength(line) + 1;
    if (this.#bytes > heldBytes) this.#writeNow();
    else if (this.#bytes > flushBytes) this.#flush();
    else this.#cancelTimer ??= this.#clock.schedule(flushMs, () => this.#flush());
  }

  async close(): Promise<void> {
    this.#flush();
    while (this.#writing !== undefined) {
      await this.#writing;
      this.#flush();
    }
    await this.#file?.close();
    this.#file = undefined;
  }

  #take(): Buffer {
    const chunk = Buffer.from(`${this.#lines.join("\n")}\n`);
    [this.#lines, this.#bytes] = [[], 0];
    return chunk;
  }

  #flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#writing !== undefined || this.#lines.length === 0) return;
    this.#writing = this.#append(this.#take())
      .catch((error: unknown) => this.#complain(error))
      .finally(() => {
        this.#writing = undefined;
        if (this.#bytes > flushBytes) this.#flush();
        else if (this.#lines.length > 0) this.#cancelTimer ??= this.#clock.schedule(flushMs, () => this.#flush());
      });
  }

  async #append(chunk: Buffer): Promise<void> {
    const { maximumBytes } = this.#options;
    if (maximumBytes > 0 && this.#size > 0 && this.#size + chunk.length > maximumBytes) await this.#rotate();
    await this.#file?.appendFile(chunk);
    this.#size += chunk.length;
  }

  /** Whoever is logged waits for the disk. */
  #writeNow(): void {
    const chunk = this.#take();
    try {
      for (let at = 0; this.#file !== undefined && at < chunk.length; ) at += writeSync(this.#file.fd, chunk, at);
      this.#size += chunk.length;
    } catch (error) {
      this.#complain(error);
    }
  }

  async #rotate(): Promise<void> {
    const { path } = this.#options;
    const suffix = extname(path);
    const time = new Date(this.#clock.now()).toISOString().slice(0, -1).replaceAll(":", "-");
    const old = this.#file;
    await rename(path, join(dirname(path), `${basename(path, suffix)}-${time}${suffix}`));
    await this.open();
    await old?.close();
    await this.#removeOld();
  }

  async #removeOld(): Promise<void> {
    const { path, maximumBackups, maximumAgeMs } = this.#options;
    const suffix = extname(path);
    const start = `${basename(path, suffix)}-`;
    const folder = dirname(path);
    const names = (await readdir(folder)).filter((name) => name.startsWith(start) && name.endsWith(suffix));
    const newestFirst = names.sort().reverse();
    for (const [index, name] of newestFirst.entries()) {
      const file = join(folder, name);
      const age = this.#clock.now() - (await stat(file)).mtimeMs;
      const surplus = maximumBackups > 0 && index >= maximumBackups;
      if (surplus || (maximumAgeMs > 0 && age > maximumAgeMs)) await rm(file, { force: true });
    }
  }

  #complain(error: unknown): void {
    if (this.#clock.now() - this.#complainedAt < complaintMs) return;
    this.#complainedAt = this.#clock.now();
    this.#log.error("audit events cannot be written and are lost", { path: this.#options.path, error });
  }
}
