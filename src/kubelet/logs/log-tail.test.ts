import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isSince, parseLogLine } from "./log-line.ts";
import { type LogOptions, readLog } from "./log-reader.ts";
import { findTailOffset, readLogTail } from "./log-tail.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kubelet-logs-"));
});
afterAll(() => rm(folder, { recursive: true }));

const time = "2026-01-02T03:04:05.123456789Z";
const line = (text: string, tag = "F", stream = "stdout"): string => `${time} ${stream} ${tag} ${text}\n`;

describe("log lines", () => {
  it("reads the runtime's format", () => {
    const parsed = parseLogLine(Buffer.from(`${time} stderr P part of`));
    expect(parsed).toMatchObject({ time, stream: "stderr", partial: true });
    expect(parsed?.content.toString()).toBe("part of");
    expect(parseLogLine(Buffer.from("junk"))).toBeUndefined();
    expect(isSince(time, Date.parse("2026-01-02T03:04:05.123Z"))).toBe(true);
    expect(isSince(time, Date.parse("2026-01-02T03:04:06Z"))).toBe(false);
  });
});

async function read(content: string, options: Partial<LogOptions>, written?: () => Promise<void>): Promise<string> {
  const path = join(folder, "0.log");
  await writeFile(path, content);
  const chunks: Buffer[] = [];
  await readLog({
    path,
    options: {
      follow: false,
      timestamps: false,
      since: undefined,
      tailLines: undefined,
      limitBytes: undefined,
      stream: "All",
      ...options,
    },
    signal: new AbortController().signal,
    running: async () => false,
    write: async (chunk) => {
      chunks.push(Buffer.from(chunk));
      await written?.();
    },
  });
  return Buffer.concat(chunks).toString();
}

describe("readLog", () => {
  const content = line("one") + line("tw", "P") + line("o") + line("err", "F", "stderr") + line("three");
  it.each<[string, Partial<LogOptions>, string]>([
    ["everything, partial lines joined", {}, "one\ntwo\nerr\nthree\n"],
    ["the last lines, of which a joined one counts once", { tailLines: 3 }, "two\nerr\nthree\n"],
    ["no lines", { tailLines: 0 }, ""],
    ["more lines than there are", { tailLines: 99 }, "one\ntwo\nerr\nthree\n"],
    ["one stream", { stream: "Stderr" }, "err\n"],
    ["a number of bytes", { limitBytes: 6 }, "one\ntw"],
    ["timestamps", { timestamps: true, tailLines: 1 }, `${time} three\n`],
    ["nothing older", { since: Date.parse("2027-01-01T00:00:00Z") }, ""],
  ])("%s", async (_, options, expected) => {
    expect(await read(content, options)).toBe(expected);
  });

  it("leaves out what is written while it reads", async () => {
    const more = () => writeFile(join(folder, "0.log"), line("later"), { flag: "a" });
    expect(await read(content, { tailLines: 1 }, more)).toBe("three\n");
  });

  it("follows until the container has ended", async () => {
    const path = join(folder, "follow.log");
    await writeFile(path, line("first"));
    const chunks: string[] = [];
    let asked = 0;
    await readLog({
      path,
      options: {
        follow: true,
        timestamps: false,
        since: undefined,
        tailLines: undefined,
        limitBytes: undefined,
        stream: "All",
      },
      signal: new AbortController().signal,
      running: async () => {
        if (asked++ === 0) await writeFile(path, line("second"), { flag: "a" });
        return asked < 2;
      },
      write: async (chunk) => {
        chunks.push(chunk.toString());
      },
    });
    expect(chunks.join("")).toBe("first\nsecond\n");
  });
});

describe("log tail", () => {
  it("finds the last lines across blocks", async () => {
    const path = join(folder, "big.log");
    const lines = Array.from({ length: 5000 }, (_, index) => line(`line ${index}`));
    await writeFile(path, lines.join(""));
    const file = await open(path);
    const { size } = await file.stat();
    expect(await findTailOffset(file, size, 2000)).toBe(size - lines.slice(3000).join("").length);
    await file.close();
    expect(await readLogTail(path, 2, 100)).toBe("line 4998\nline 4999\n");
  });

  it("finds them wherever blocks end, in what is partial too, and reads nothing twice", async () => {
    const path = join(folder, "mixed.log");
    // Lines of every length around a block's, so that blocks end in all parts of them; each third goes on in the next.
    const texts = Array.from({ length: 400 }, (_, index) =>
      line("x".repeat((index * 797) % 3000), index % 3 === 0 ? "P" : "F"),
    );
    const content = Buffer.from(texts.join(""));
    await writeFile(path, content);
    const starts = texts.map((_, index) => texts.slice(0, index).join("").length).filter((_, index) => index % 3 !== 1);
    const file = await open(path);
    for (let lines = 1; lines <= starts.length + 1; lines++) {
      let bytes = 0;
      const counting = {
        read: (...[buffer, offset, length, position]: [Buffer, number, number, number]) => {
          bytes += length;
          return file.read(buffer, offset, length, position);
        },
      } as Pick<typeof file, "read">;
      const found = await findTailOffset(counting, content.length, lines);
      expect(found).toBe(starts[Math.max(0, starts.length - lines)]);
      expect(bytes).toBeLessThanOrEqual(content.length - found + 2 * 64 * 1024);
    }
    await file.close();
  });

  it("takes a last line that is not ended yet, and junk, for lines", async () => {
    const path = join(folder, "open.log");
    const content = `${line("one")}junk\n\n${line("two").trimEnd()}`;
    await writeFile(path, content);
    const file = await open(path);
    const last = content.lastIndexOf(time);
    for (const [lines, offset] of [
      [1, last],
      [2, last - 1],
      [3, last - 6],
      [4, 0],
      [5, 0],
    ] as const) {
      expect(await findTailOffset(file, content.length, lines)).toBe(offset);
    }
    await file.close();
  });
});
