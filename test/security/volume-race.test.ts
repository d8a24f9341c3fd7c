/**
 * A container that exchanges a folder of its volume for a link to the node's files while the kubelet works on the volume.
 * It may make that work fail; it never gets at anything outside. MINI_RACE_SECONDS: how long each is tried for, default 4.
 * Needs root, for mounts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { diskUsage } from "../../src/kubelet/stats/disk-usage.ts";
import { unmountAll } from "../../src/kubelet/volumes/mount-commands.ts";
import { applyGroup } from "../../src/kubelet/volumes/ownership.ts";
import { mountSubPath } from "../../src/kubelet/volumes/sub-paths.ts";
import { openBeneath, pathOf } from "../../src/lib/beneath.ts";

const seconds = Number(process.env["MINI_RACE_SECONDS"] ?? 4);
const patienceMs = 60_000;
const secretBytes = 32 * 1024 * 1024;
let top = "";
let volume = "";
let outside = "";
let attacker: ChildProcess;

/** The volume has `data`, a folder that is a link to the outside every other moment. */
beforeEach(async () => {
  top = await mkdtemp(join(tmpdir(), "mini-race-"));
  [volume, outside] = [join(top, "volume"), join(top, "outside")];
  await mkdir(join(volume, "data"), { recursive: true });
  await mkdir(join(outside, "deep"), { recursive: true, mode: 0o700 });
  await writeFile(join(outside, "secret"), Buffer.alloc(secretBytes, 1), { mode: 0o600 });
  await writeFile(join(volume, "data/own"), "own");
  await symlink(outside, join(volume, "link"));
  await chmod(volume, 0o777);
  attacker = spawn(
    process.execPath,
    [join(import.meta.dirname, "exchange-files.ts"), join(volume, "data"), join(volume, "link")],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(attacker.stdout as NodeJS.ReadableStream, "data");
});
afterEach(async () => {
  attacker.kill("SIGKILL");
  await once(attacker, "close");
  await unmountAll(top);
  await rm(top, { recursive: true });
});

/** What the kubelet's work came to, by what it said, for the time of the test; longer where too few outcomes were seen. */
async function contend(work: () => Promise<string>, outcomes: number): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const until = performance.now() + seconds * 1000;
  for (let now = 0; now < until || (counts.size < outcomes && now < until + patienceMs); now = performance.now()) {
    const outcome = await work().catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return counts;
}

async function isUntouched(): Promise<void> {
  expect(await readdir(outside)).toEqual(["deep", "secret"]);
  const [folder, secret] = await Promise.all([stat(outside), stat(join(outside, "secret"))]);
  expect([folder.gid, secret.gid, secret.mode & 0o7777]).toEqual([0, 0, 0o600]);
}

describe.skipIf(process.getuid?.() !== 0)("an exchange of folder and link", () => {
  it.each(["data", "data/deep", "data/new/folder"])("never mounts the outside as sub-path %s", async (path) => {
    const inside = new Set([(await stat(outside)).ino, (await stat(join(outside, "deep"))).ino]);
    const counts = await contend(async () => {
      const sub = { folder: top, volume: "v", root: volume, path, container: "c", index: 0 };
      const target = await mountSubPath(sub);
      return inside.has((await stat(target)).ino) ? "outside" : "inside";
    }, 2);
    expect(counts.get("outside")).toBeUndefined();
    expect(counts.get("inside")).toBeGreaterThan(0);
    expect(counts.get("EXDEV")).toBeGreaterThan(0);
    await isUntouched();
  });

  it("never gives the outside to a group", async () => {
    const group = 4242;
    await contend(async () => {
      await applyGroup(volume, group, "Always");
      await chown(volume, 0, 0);
      return "given";
    }, 1);
    expect((await stat(volume)).mode & 0o2070).toBe(0o2070);
    await isUntouched();
  });

  it("never counts the outside", async () => {
    const counts = await contend(async () => {
      const { bytes } = await diskUsage(volume);
      return bytes < secretBytes ? "inside" : "outside";
    }, 1);
    expect([...counts.keys()]).toEqual(["inside"]);
  });

  it("never opens the outside", async () => {
    const secret = (await stat(join(outside, "secret"))).ino;
    const counts = await contend(async () => {
      const file = await openBeneath(volume, "data/secret");
      const { ino } = await stat(pathOf(file));
      await file.close();
      return ino === secret ? "outside" : "inside";
    }, 2);
    expect(counts.get("outside")).toBeUndefined();
    expect(counts.get("EXDEV")).toBeGreaterThan(0);
  });
});
