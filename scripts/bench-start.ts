/**
 * `scripts/bench start`: how long a cluster takes to start, against the same QEMU booting the same kernel to a bare
 * shell, and where the time goes. Medians of `--runs` (5). `--driver=runc` or `--driver=qemu2` measures one alone.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { kernelCommandLine } from "../src/drivers/kernel-command-line.ts";
import type { NodeState } from "../src/node/state.ts";
import { readArguments } from "./arguments.ts";

const root = join(import.meta.dirname, "..");
const mini = join(root, "dist", "mini");
const image = join(root, ".cache", "image");
const { values } = readArguments("scripts/bench start [--runs 5] [--driver runc|qemu2]", {
  options: { runs: { type: "string", default: "5" }, driver: { type: "string" } },
});
const runs = Number(values.runs);
const work = mkdtempSync(join(tmpdir(), "mini-bench-"));
const environment = { MINI_HOME: join(work, "home"), KUBECONFIG: join(work, "kubeconfig") };

interface Measured {
  readonly startMs: number;
  readonly deleteMs: number;
  readonly timings: Readonly<Record<string, number>>;
  /** Of the node. */
  readonly processors: number;
  /** Kilobytes of all processes of `mini` in the node: resident, and proportional to sharing. */
  readonly memory: { readonly rss: number; readonly pss: number };
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** Milliseconds from QEMU's start to the shell in the initrd, and the kernel's own share of them. */
async function bootToShell(run: number, processors: number): Promise<{ total: number; kernel: number }> {
  const console = join(work, `shell-${run}.log`);
  const startedAt = performance.now();
  const machine = ["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "2048"];
  const sizes = ["-smp", String(processors)];
  const devices = ["-nodefaults", "-display", "none", "-serial", `file:${console}`];
  const kernel = ["-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd")];
  const commandLine = ["-append", `${kernelCommandLine({ emulated: true })} mini.shell`];
  const words = [...machine, ...sizes, ...devices, ...kernel, ...commandLine];
  const qemu = spawn("qemu-system-x86_64", words, { stdio: "ignore" });
  try {
    for (;;) {
      const text = await readWhenThere(console);
      const seconds = /mini: shell after ([\d.]+) s/.exec(text)?.[1];
      if (seconds !== undefined) return { total: performance.now() - startedAt, kernel: Number(seconds) * 1000 };
      if (performance.now() - startedAt > 120_000) throw new Error(`no shell after two minutes: ${text.slice(-300)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    qemu.kill("SIGKILL");
  }
}

async function readWhenThere(path: string): Promise<string> {
  try {
    return readFileSync(path, "latin1");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}

/** One start and delete. The first start of all unpacks the image and is not counted. */
async function measure(driver: string, run: number): Promise<Measured> {
  const profile = `bench${process.pid}${run}`;
  const command = async (name: string, ...words: string[]) =>
    await execa(mini, [name, "-p", profile, ...words], { env: environment });
  const startedAt = performance.now();
  try {
    await command("start", `--driver=${driver}`, "--wait=node_ready");
    const startMs = performance.now() - startedAt;
    const inside = async (script: string): Promise<string> => (await command("ssh", "--", script)).stdout;
    const { timings } = JSON.parse(await inside("cat /run/mini/state.json")) as NodeState;
    const fields = await inside(
      "for p in $(cat /run/mini/*.pid); do cat /proc/$p/smaps_rollup; done | awk '/^Rss/{r+=$2} /^Pss:/{p+=$2} END{print r, p}'",
    );
    const [rss = 0, pss = 0] = fields.split(" ").map(Number);
    const processors = Number(await inside("nproc"));
    const deletedAt = performance.now();
    await command("delete");
    return { startMs, deleteMs: performance.now() - deletedAt, timings, processors, memory: { rss, pss } };
  } catch (error) {
    await execa(mini, ["delete", "-p", profile], { env: environment, reject: false });
    throw error;
  }
}

async function repeat<T>(times: number, one: (run: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let run = 0; run < times; run++) results.push(await one(run));
  return results;
}

function row(name: string, milliseconds: number, note = ""): void {
  console.log(`  ${name.padEnd(34)}${(milliseconds / 1000).toFixed(2).padStart(8)} s  ${note}`);
}

function report(driver: string, results: readonly Measured[]): number {
  const start = median(results.map(({ startMs }) => startMs));
  console.log(`\n${driver}: median of ${results.length}`);
  row("mini start to node Ready", start);
  row("mini delete", median(results.map(({ deleteMs }) => deleteMs)));
  const rss = median(results.map(({ memory }) => memory.rss));
  const pss = median(results.map(({ memory }) => memory.pss));
  console.log(
    `  memory above containerd: ${(rss / 1024).toFixed(0)} MiB resident, ${(pss / 1024).toFixed(0)} MiB proportional`,
  );
  console.log("  from the kernel's start (runc: init's), each point when first reached:");
  const names = Object.keys(results[0]?.timings ?? {});
  const points = names.map(
    (name) => [name, median(results.map(({ timings }) => timings[name] ?? Number.NaN))] as const,
  );
  for (const [name, at] of points.sort(([, a], [, b]) => a - b)) row(`  ${name}`, at);
  return start;
}

try {
  const drivers = values.driver === undefined ? ["runc", "qemu2"] : [values.driver];
  for (const driver of drivers) {
    const warmUp = await measure(driver, 0);
    console.log(`${driver}: first start, which also unpacks: ${(warmUp.startMs / 1000).toFixed(2)} s`);
    const start = report(driver, await repeat(runs, (run) => measure(driver, run + 1)));
    if (driver !== "qemu2") continue;
    // With the processors of the node: QEMU's version may limit them.
    const shells = await repeat(runs, (run) => bootToShell(run, warmUp.processors));
    const shell = median(shells.map(({ total }) => total));
    row(
      `bare shell, same QEMU, kernel and ${warmUp.processors} CPUs`,
      shell,
      `of which firmware and QEMU ${((shell - median(shells.map(({ kernel }) => kernel))) / 1000).toFixed(2)} s`,
    );
    console.log(`  ratio: ${(start / shell).toFixed(1)} (at most 8)`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
