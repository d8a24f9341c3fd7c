/** The end of a log file, read backwards. */
import { type FileHandle, open } from "node:fs/promises";
import { parseLogLine } from "./log-line.ts";

const blockBytes = 64 * 1024;
const newline = 0x0a;

/** Byte offset at which the last `lines` whole lines (parts of one line count as one) of the file begin. */
export async function findTailOffset(file: FileHandle, size: number, lines: number): Promise<number> {
  if (lines <= 0) return size;
  let offset = size;
  let tail = Buffer.alloc(0);
  while (offset > 0) {
    const length = Math.min(blockBytes, offset);
    offset -= length;
    const block = Buffer.alloc(length);
    await file.read(block, 0, length, offset);
    tail = Buffer.concat([block, tail]);
    const start = startOfLast(tail, lines, offset === 0);
    if (start !== undefined) return offset + start;
  }
  return 0;
}

/** Where the last `lines` lines begin in `data`; undefined: not enough of them yet. */
function startOfLast(data: Buffer, lines: number, complete: boolean): number | undefined {
  const starts: number[] = complete ? [0] : [];
  for (let at = data.indexOf(newline); at >= 0 && at + 1 < data.length; at = data.indexOf(newline, at + 1)) {
    starts.push(at + 1);
  }
  let found = 0;
  for (let index = starts.length - 1; index >= 0; index--) {
    const start = starts[index] as number;
    // A line whose predecessor was partial is the rest of that one.
    const previous = index === 0 ? undefined : parseLogLine(data.subarray(starts[index - 1], start - 1));
    if (index === 0 && !complete) return undefined;
    if (previous?.partial === true) continue;
    if (++found === lines) return start;
  }
  return complete ? 0 : undefined;
}

/** The text of the last lines, at most that many bytes of it. */
export async function readLogTail(path: string, lines: number, bytes: number): Promise<string> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const start = await findTailOffset(file, size, lines);
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
