/** The end of a log file, read backwards. */
import type { FileHandle } from "node:fs/promises";
import { openRegularFile } from "../../lib/beneath.ts";
import { parseLogLine } from "./log-line.ts";

const blockBytes = 64 * 1024;
const newline = 0x0a;

/** A line's beginning that surely holds its time, stream and tag. */
const headBytes = 128;
/** Of the end of a log, where its last words are looked for. */
const maximumTailBytes = 1024 * 1024;

/**
 * Byte offset at which the last `lines` whole lines (parts of one line count as one) of the file begin. Reads each byte
 * from there on once.
 */
export async function findTailOffset(file: Pick<FileHandle, "read">, size: number, lines: number): Promise<number> {
  if (lines <= 0) return size;
  let found = 0;
  /** Where the line after the one that is looked at begins. */
  let next: number | undefined;
  /** What the block behind begins with, for heads that begin in this one. */
  let behind = Buffer.alloc(0);
  for (let end = size; end > 0; end = Math.max(0, end - blockBytes)) {
    const begin = Math.max(0, end - blockBytes);
    const length = end - begin;
    const data = Buffer.alloc(length + behind.length);
    behind.copy(data, length);
    await file.read(data, 0, length, begin);
    for (const start of startsFromEnd(data, length, begin === 0)) {
      if (begin + start >= size) continue;
      // A line whose predecessor was partial is the rest of that one.
      if (next !== undefined && !isPartial(data.subarray(start, start + headBytes)) && ++found === lines) return next;
      next = begin + start;
    }
    behind = Buffer.from(data.subarray(0, headBytes));
  }
  return 0;
}

/** Where lines begin in the first `length` bytes and right behind them, the last first. `first`: one begins at 0. */
function* startsFromEnd(data: Buffer, length: number, first: boolean): Generator<number> {
  let at = data.lastIndexOf(newline, length - 1);
  while (at >= 0) {
    yield at + 1;
    at = at === 0 ? -1 : data.lastIndexOf(newline, at - 1);
  }
  if (first) yield 0;
}

function isPartial(head: Buffer): boolean {
  const end = head.indexOf(newline);
  return parseLogLine(end < 0 ? head : head.subarray(0, end))?.partial === true;
}

/** The text of the last lines, at most that many bytes of it. */
export async function readLogTail(path: string, lines: number, bytes: number): Promise<string> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(await findTailOffset(file, size, lines), size - maximumTailBytes);
    const data = Buffer.alloc(size - start);
    await file.read(data, 0, data.length, start);
    const parts: Buffer[] = [];
    for (let at = 0; at < data.length; ) {
      const end = data.indexOf(newline, at);
      const line = parseLogLine(data.subarray(at, end < 0 ? data.length : end));
      if (line !== undefined) {
        parts.push(line.content);
        if (!line.partial) parts.push(Buffer.from("\n"));
      }
      at = end < 0 ? data.length : end + 1;
    }
    const text = Buffer.concat(parts);
    return text.subarray(Math.max(0, text.length - bytes)).toString();
  } finally {
    await file.close();
  }
}
