/**
 * A container that exchanges a folder of its volume for a link to the node's files while the kubelet works on the volume. It
 * may make that work fail; it must never get at anything outside. Needs root, for mounts.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskUsage } from "../../../src/kubelet/stats/disk-usage.ts";
import { unmountAll } from "../../../src/kubelet/volumes/mount-commands.ts";
import { applyGroup } from "../../../src/kubelet/volumes/ownership.ts";
import { mountSubPath } from "../../../src/kubelet/volumes/sub-paths.ts";
import { openBeneath, pathOf } from "../../../src/lib/beneath.ts";

/** For more outcomes than came up in the time of a race, on a slow machine. */
const patienceMs = 60_000;
const secretBytes = 32 * 1024 * 1024;
const group = 4242;

interface Arena {
  readonly top: string;
  /** Has `data`, a folder that is a link to the outside every other moment. */
  readonly volume: string;
  readonly outside: string;
}

type Outcome = "inside" | "outside";

interface Race {
  readonly what: string;
  /** Of `inside` and the code of a refusal: how many must come up for a race to have been one. */
  readonly outcomes: number;
  /** One try of the kubelet's work. Rejects where that is refused. */
  try(arena: Arena): Promise<Outcome>;
}

const subPathRace = (path: string): Race => ({
  what: `mounting the sub-path ${path}`,
  outcomes: 2,
  async try({ top, volume, outside }) {
    const target = await mountSubPath({ folder: top, volume: "v", root: volume, path, container: "c", index: 0 });
    const { ino } = await stat(target);
    const secrets = await Promise.all([outside, join(outside, "deep")].map((secret) => stat(secret)));
    return secrets.some((secret) => secret.ino === ino) ? "outside" : "inside";
  },
});

export const races: readonly Race[] = [
  subPathRace("data"),
  subPathRace("data/deep"),
  subPathRace("data/new/folder"),
  {
    what: "giving the volume to a group",
    outcomes: 1,
    async try({ volume, outside }) {
      await applyGroup(volume, group, "Always");
      if ((await stat(volume)).gid !== group) throw new Error("the volume was not given to the group");
      await chown(volume, 0, 0);
      return (await isTouched(outside)) ? "outside" : "inside";
    },
  },
  {
    what: "counting the volume's files",
    outcomes: 1,
    try: async ({ volume }) => ((await diskUsage(volume)).bytes < secretBytes ? "inside" : "outside"),
  },
  {
    what: "opening a file",
    outcomes: 2,
    async try({ volume, outside }) {
      const file = await openBeneath(volume, "data/secret");
      const [opened, secret] = await Promise.all([stat(pathOf(file)), stat(join(outside, "secret"))]);
      await file.close();
      return opened.ino === secret.ino ? "outside" : "inside";
    },
  },
];

async function isTouched(outside: string): Promise<boolean> {
  const [folder, secret] = await Promise.all([stat(outside), stat(join(outside, "secret"))]);
  const names = await readdir(outside);
  return folder.gid !== 0 || secret.gid !== 0 || (secret.mode & 0o7777) !== 0o600 || names.length !== 2;
}

async function prepare(): Promise<Arena> {
  const top = await mkdtemp(join(tmpdir(), "mini-race-"));
  const [volume, outside] = [join(top, "volume"), join(top, "outside")];
  await mkdir(join(volume, "data"), { recursive: true });
  await mkdir(join(outside, "deep"), { recursive: true, mode: 0o700 });
  await writeFile(join(outside, "secret"), Buffer.alloc(secretBytes, 1), { mode: 0o600 });
  // By what the attacker knows its own folder.
  await writeFile(join(volume, "data/own"), "own");
  await symlink(outside, join(volume, "link"));
  await chmod(volume, 0o777);
  return { top, volume, outside };
}

/** How often each outcome came up in that time: `inside`, the code of a refusal, and `outside`, which must never. */
export async function runRace(race: Race, seconds: number, signal?: AbortSignal): Promise<Map<string, number>> {
  const arena = await prepare();
  const { top, volume, outside } = arena;
  const paths = [join(volume, "data"), join(volume, "link")];
  const attacker = spawn(process.execPath, [join(import.meta.dirname, "exchange-files.ts"), ...paths], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    await once(attacker.stdout, "data");
    const counts = new Map<string, number>();
    const until = performance.now() + seconds * 1000;
    const isOver = (now: number): boolean =>
      signal?.aborted === true || now > until + patienceMs || (now > until && counts.size >= race.outcomes);
    while (!isOver(performance.now())) {
      const outcome = await race.try(arena).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    if (await isTouched(outside)) counts.set("outside", (counts.get("outside") ?? 0) + 1);
    return counts;
  } finally {
    attacker.kill("SIGKILL");
    if (attacker.exitCode === null && attacker.signalCode === null) await once(attacker, "close");
    await unmountAll(top);
    await rm(top, { recursive: true });
  }
}
