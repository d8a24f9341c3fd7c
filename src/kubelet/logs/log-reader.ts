/** Reads a container's log file for `kubectl logs`: filters, tail, and following until the container has ended. */
import { type FSWatcher, watch } from "node:fs";
import { type FileHandle, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { openRegularFile } from "../../lib/beneath.ts";
import { isSince, type LogLine, parseLogLine } from "./log-line.ts";
import { findTailOffset } from "./log-tail.ts";

export interface LogOptions {
  readonly follow: boolean;
  readonly timestamps: boolean;
  /** Milliseconds since the epoch. */
  readonly since: number | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  readonly stream: "All" | "Stdout" | "Stderr";
}

export interface LogReaderInput {
  readonly path: string;
  readonly options: LogOptions;
  readonly signal: AbortSignal;
  /** Whether the container still writes. Asked when the end of the file is reached while following. */
  running(): Promise<boolean>;
  /** Resolves when more may be written. */
  write(chunk: Buffer): Promise<void>;
}

const blockBytes = 64 * 1024;
const newline = 0x0a;
/** Longest wait for a notification before the container is asked about. */
const idleMs = 1000;

/** Resolves at the end of the log, or with `follow`, when the container has ended and all is written. */
export async function readLog(input: LogReaderInput): Promise<void> {
  const { path, options, signal } = input;
  let file = await openRegularFile(path);
  const watcher = options.follow ? watchFolder(dirname(path)) : undefined;
  try {
    const { size } = await file.stat();
    let offset = options.tailLines === undefined ? 0 : await findTailOffset(file, size, options.tailLines);
    // The log as it is now, unless it is followed: what is written meanwhile would make the tail longer than asked for.
    const end = options.follow ? Number.POSITIVE_INFINITY : size;
    const emit = createEmitter(input);
    let rest = Buffer.alloc(0);
    const drain = async (): Promise<boolean> => {
      const block = Buffer.alloc(blockBytes);
      for (;;) {
        const { bytesRead } = await file.read(block, 0, Math.min(blockBytes, end - offset), offset);
        if (bytesRead === 0) return true;
        offset += bytesRead;
        const data =
          rest.length === 0 ? block.subarray(0, bytesRead) : Buffer.concat([rest, block.subarray(0, bytesRead)]);
        const whole = data.lastIndexOf(newline) + 1;
        rest = Buffer.from(data.subarray(whole));
        if (!(await emit(data.subarray(0, whole)))) return false;
        if (signal.aborted) return false;
      }
    };
    for (;;) {
      // Asked before reading, so that what was written until then is read.
      const running = watcher !== undefined && (await input.running());
      if (!(await drain()) || watcher === undefined || signal.aborted) return;
      const next = await reopenIfRotated(file, path);
      if (next !== undefined) {
        await drain();
        await file.close();
        file = next;
        offset = 0;
        rest = Buffer.alloc(0);
        continue;
      }
      if (!running) return;
      await watcher.changed(signal);
    }
  } finally {
    watcher?.close();
    await file.close();
  }
}

/** The new file of that name, when the open one was rotated away. */
async function reopenIfRotated(file: FileHandle, path: string): Promise<FileHandle | undefined> {
  const [mine, named] = await Promise.all([file.stat(), stat(path).catch(() => undefined)]);
  return named === undefined || named.ino === mine.ino ? undefined : openRegularFile(path);
}

interface FolderWatch {
  changed(signal: AbortSignal): Promise<void>;
  close(): void;
}

function watchFolder(folder: string): FolderWatch {
  let pending = false;
  let wake: (() => void) | undefined;
  const watcher: FSWatcher = watch(folder, () => {
    pending = true;
    wake?.();
  });
  watcher.on("error", () => wake?.());
  return {
    changed: (signal) =>
      new Promise((resolve) => {
        if (pending || signal.aborted) {
          pending = false;
          resolve();
          return;
        }
        const finish = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", finish);
          wake = undefined;
          pending = false;
          resolve();
        };
        const timer = setTimeout(finish, idleMs);
        signal.addEventListener("abort", finish, { once: true });
        wake = finish;
      }),
    close: () => watcher.close(),
  };
}

/** Writes whole log lines as text; false when the limit is reached. */
function createEmitter({ options, write }: LogReaderInput): (lines: Buffer) => Promise<boolean> {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  let midLine = false;
  const wanted = (line: LogLine): boolean =>
    (options.stream === "All" || options.stream.toLowerCase() === line.stream) &&
    (options.since === undefined || isSince(line.time, options.since));
  return async (lines) => {
    const parts: Buffer[] = [];
    for (let at = 0; at < lines.length; ) {
      const end = lines.indexOf(newline, at);
      const line = parseLogLine(lines.subarray(at, end));
      at = end + 1;
      if (line === undefined || !wanted(line)) continue;
      if (options.timestamps && !midLine) parts.push(Buffer.from(`${line.time} `));
      parts.push(line.content);
      if (!line.partial) parts.push(Buffer.from("\n"));
      midLine = line.partial;
    }
    const text = Buffer.concat(parts);
    if (text.length > 0) await write(text.length > left ? text.subarray(0, left) : text);
    left -= text.length;
    return left > 0;
  };
}
