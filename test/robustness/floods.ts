/**
 * `node test/robustness/floods.ts [--seconds N] [ATTACK…]`: what one client's floods do to another client and to memory.
 * Each attack gets a control plane of its own, bundled as dist/mini is, on a free port of loopback, for a bounded time.
 * Prints one row an attack, and ends with 1 where one is over the bounds.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArguments } from "../../scripts/arguments.ts";
import { createMini } from "../bench/servers/mini.ts";
import { attacks } from "./floods/attacks.ts";
import { type FloodRow, measureFlood, prepare, type Timing } from "./floods/measure.ts";

/** Another client's 99th percentile may grow by this factor, and the control plane to this many MiB. */
export const bounds = { ratio: 10, mebibytes: 400 } as const;

/** Measures the attacks of these names, one after the other; all where none is named. `told` gets each row as it comes. */
export async function measureFloods(
  names: readonly string[],
  timing: Timing,
  told: (row: FloodRow) => void,
  signal?: AbortSignal,
): Promise<FloodRow[]> {
  const mini = await createMini();
  const work = mkdtempSync(join(tmpdir(), "mini-floods-"));
  const rows: FloodRow[] = [];
  try {
    for (const [index, { name }] of attacks.entries()) {
      if (names.length > 0 && !names.includes(name)) continue;
      signal?.throwIfAborted();
      const folder = join(work, String(index));
      const server = await mini.start({ folder, parts: ["controller-manager", "scheduler"] });
      try {
        const row = await measureFlood(name, { server, ...(await prepare(server)) }, timing);
        told(row);
        rows.push(row);
      } finally {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return rows;
}

/** Whether another client and memory stayed within the bounds. */
export const isWithinBounds = ({ quiet, attacked, peak, survived }: FloodRow): boolean =>
  survived && attacked <= quiet * bounds.ratio && peak <= bounds.mebibytes;

export function renderRow(row: FloodRow): string {
  const { attack, quiet, attacked, longest, before, peak, after } = row;
  const cells = [attack, quiet.toFixed(2), attacked.toFixed(2), (attacked / quiet).toFixed(1), longest.toFixed(0)];
  const memory = [before, peak, after].map((one) => one.toFixed(0));
  return `| ${[...cells, ...memory, isWithinBounds(row) ? "within" : "over"].join(" | ")} |`;
}

export const header = [
  "| attack | quiet p99, ms | p99, ms | ratio | longest, ms | MiB before | MiB at most | MiB after | bounds |",
  "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
];

async function main(): Promise<void> {
  const usage = `floods [--seconds N] [--rest N] [ATTACK…]; attacks:\n${attacks.map(({ name }) => `  ${name}`).join("\n")}`;
  const { values, positionals } = readArguments(usage, {
    options: { seconds: { type: "string", default: "15" }, rest: { type: "string", default: "10" } },
    allowPositionals: true,
  });
  const unknown = positionals.filter((wanted) => !attacks.some(({ name }) => name === wanted));
  if (unknown.length > 0) {
    console.error(`floods: no attack ${unknown.join(", ")}\n\n${usage}`);
    process.exit(2);
  }
  const timing = { quietSeconds: 5, attackSeconds: Number(values.seconds), restSeconds: Number(values.rest) };
  for (const line of header) console.log(line);
  const rows = await measureFloods(positionals, timing, (row) => console.log(renderRow(row)));
  process.exitCode = rows.every(isWithinBounds) ? 0 : 1;
}

if (import.meta.main) await main();
