import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openSqliteStore } from "./sqlite-store.ts";

const writer = fileURLToPath(new URL("./crash-writer.ts", import.meta.url));

/** Runs 1,000 concurrent writers, kills them after so many acknowledged writes, and gives what was acknowledged. */
async function writeUntilKilled(path: string, afterAcknowledged: number): Promise<[key: string, revision: number][]> {
  const child = spawn(process.execPath, [writer, path, "1000"], { stdio: ["ignore", "pipe", "inherit"] });
  // Its output may end before its lock on the database does.
  const ended = once(child, "close");
  let output = "";
  let lines = 0;
  for await (const chunk of child.stdout) {
    output += String(chunk);
    lines += String(chunk).split("\n").length - 1;
    if (lines >= afterAcknowledged) child.kill("SIGKILL");
  }
  await ended;
  const whole = output
    .slice(0, output.lastIndexOf("\n") + 1)
    .split("\n")
    .filter(Boolean);
  return whole.map((line) => line.split(" ") as [string, string]).map(([key, revision]) => [key, Number(revision)]);
}

it("loses no acknowledged write and repeats no revision when it is killed again and again", {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "mini-store-crash-"));
  const path = join(folder, "store.db");
  try {
    const acknowledged = new Map<string, number>();
    for (const kills of [300, 1500, 2777]) {
      for (const [key, revision] of await writeUntilKilled(path, kills)) acknowledged.set(key, revision);
    }
    expect(acknowledged.size).toBeGreaterThan(4000);
    expect(new Set(acknowledged.values()).size).toBe(acknowledged.size);
    const store = await openSqliteStore({ path });
    const { entries } = await store.list("/crash/");
    const stored = new Map(entries.map((entry) => [entry.key, entry.revision]));
    for (const [key, revision] of acknowledged) expect(stored.get(key)).toBe(revision);
    expect(new Set(stored.values()).size).toBe(stored.size);
    expect(await store.create("/after", Buffer.from("x"))).toBeGreaterThan(Math.max(...stored.values()));
    await store.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
