import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import type { Logger } from "../../lib/log.ts";
import { type LogFileOptions, openLogFile } from "./log-file.ts";

let folder: string;
let clock: FakeClock;
let complaints: string[];
const ignore = (): void => undefined;
const log: Logger = { debug: ignore, info: ignore, warn: ignore, error: (message) => void complaints.push(message) };
const open = (more: Partial<LogFileOptions> = {}) => {
  const path = join(folder, "audit", "audit.log");
  return openLogFile({ path, maximumBytes: 0, maximumBackups: 0, maximumAgeMs: 0, ...more }, log, clock);
};
const files = async (): Promise<string[]> => (await readdir(join(folder, "audit"))).sort();
const text = (name = "audit.log"): Promise<string> => readFile(join(folder, "audit", name), "utf8");

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mini-audit-"));
  clock = new FakeClock();
  complaints = [];
});
afterEach(() => rm(folder, { recursive: true }));

it("gathers lines, writes them in their order, goes on where it ended, for its owner alone", async () => {
  const first = await open();
  first.write("a");
  first.write("b");
  expect(await text()).toBe("");
  await clock.advance(1_000);
  await vi.waitFor(async () => expect(await text()).toBe("a\nb\n"));
  first.write("c");
  await first.close();
  const second = await open();
  second.write("d");
  await second.close();
  expect(await text()).toBe("a\nb\nc\nd\n");
  expect((await stat(join(folder, "audit", "audit.log"))).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "audit"))).mode & 0o777).toBe(0o700);
});

it("puts a full file aside and keeps so many", async () => {
  const file = await open({ maximumBytes: 10, maximumBackups: 2 });
  for (const line of ["first--", "second-", "third--", "fourth-"]) {
    file.write(line);
    await clock.advance(1_000);
    await vi.waitFor(async () => expect(await text()).toBe(`${line}\n`));
  }
  await file.close();
  const [newest, ...others] = (await files()).reverse();
  expect([newest, others.length]).toEqual(["audit.log", 2]);
  expect(await Promise.all(others.map(text))).toEqual(["third--\n", "second-\n"]);
});

it("holds no more than a few megabytes, whatever comes at once, and loses nothing of it", async () => {
  const file = await open();
  const line = "x".repeat(100_000);
  for (let i = 0; i < 300; i++) file.write(line);
  await file.close();
  expect((await stat(join(folder, "audit", "audit.log"))).size).toBe(300 * 100_001);
});

it("complains once where it cannot write, and goes on", async () => {
  const file = await open({ maximumBytes: 10 });
  file.write("first--");
  await clock.advance(1_000);
  await vi.waitFor(async () => expect(await text()).toBe("first--\n"));
  await rm(join(folder, "audit"), { recursive: true });
  for (let i = 0; i < 3; i++) {
    file.write("second-");
    await clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await file.close();
  expect(complaints).toEqual(["audit events cannot be written and are lost"]);
});
