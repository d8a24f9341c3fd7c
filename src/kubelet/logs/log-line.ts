/** The line format of the runtime's log files: `TIME STREAM TAG CONTENT`, tag `P` for a part of a longer line. */

export interface LogLine {
  /** RFC 3339 with nanoseconds, as written. */
  readonly time: string;
  readonly stream: "stdout" | "stderr";
  /** The content goes on in the next line of the same stream. */
  readonly partial: boolean;
  readonly content: Buffer;
}

const space = 0x20;

/** `line` is without its newline; undefined: not in the format. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(space);
  const second = first < 0 ? -1 : line.indexOf(space, first + 1);
  if (second < 0) return undefined;
  const stream = line.toString("latin1", first + 1, second);
  if (stream !== "stdout" && stream !== "stderr") return undefined;
  const third = line.indexOf(space, second + 1);
  const tagEnd = third < 0 ? line.length : third;
  const tag = line.toString("latin1", second + 1, tagEnd).split(":")[0];
  return {
    time: line.toString("latin1", 0, first),
    stream,
    partial: tag === "P",
    content: third < 0 ? line.subarray(line.length) : line.subarray(third + 1),
  };
}

/** Whether a log time is at or after `milliseconds`; a time that cannot be read counts as after. */
export function isSince(time: string, milliseconds: number): boolean {
  const parsed = Date.parse(time.replace(/(\.\d{3})\d*/, "$1"));
  return Number.isNaN(parsed) || parsed >= milliseconds;
}
