/**
 * What a workload is, and what it measures with. A workload starts servers of both sides, drives them in turns with the
 * client program, and gives rows: one figure of mini beside upstream's.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Server, Side } from "./servers/server.ts";

/** One figure, both sides: medians over the rounds. */
export interface Row {
  readonly step: string;
  /** Such as "requests/s" or "p99, ms"; rows of one unit share an axis of the plot. */
  readonly unit: string;
  readonly mini: number;
  /** Null where upstream's side is not measured. */
  readonly upstream: number | null;
  /** Of mini : upstream; a throughput should not be less, anything else not more. */
  readonly goal?: Goal;
}

export interface Goal {
  readonly ratio: number;
  readonly better: "more" | "less";
}

export const atMost = (ratio: number): Goal => ({ ratio, better: "less" });
export const atLeast = (ratio: number): Goal => ({ ratio, better: "more" });

export interface Bench {
  readonly sides: readonly [mini: Side, upstream: Side];
  /** The short form, for five minutes in all. */
  readonly quick: boolean;
  /** A new folder, removed at the end of the run. */
  readonly newFolder: (name: string) => string;
  /** Path of the compiled client. */
  readonly client: string;
}

export interface Workload {
  readonly name: string;
  readonly title: string;
  /** Settings for the report, besides those of the sides. */
  readonly conditions?: string;
  readonly run: (bench: Bench) => Promise<readonly Row[]>;
}

/** As test/bench/client prints it; latencies in milliseconds. */
export interface Figures {
  readonly step: string;
  readonly count: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

const execute = promisify(execFile);

/** Runs the client program on one server. */
export async function drive(
  bench: Bench,
  { url, folder }: Pick<Server, "url" | "folder">,
  args: readonly string[],
): Promise<Figures[]> {
  const { stdout } = await execute(bench.client, ["-server", url, "-pki", folder, ...args], { maxBuffer: 1 << 24 });
  return JSON.parse(stdout) as Figures[];
}

/** Starts both sides for `work`, and stops them whatever becomes of it. */
export async function withServers<T>(
  bench: Bench,
  parts: Parameters<Side["start"]>[0]["parts"],
  work: (servers: readonly [mini: Server, upstream: Server]) => Promise<T>,
): Promise<T> {
  const servers: Server[] = [];
  try {
    for (const side of bench.sides) servers.push(await side.start({ folder: bench.newFolder(side.name), parts }));
    return await work(servers as [Server, Server]);
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** `rounds` times each side in turn, the order changing; the other side runs on, idle. */
export async function takeTurns<S, T>(
  [mini, upstream]: readonly [mini: S, upstream: S],
  rounds: number,
  measure: (side: S) => Promise<T>,
): Promise<{ mini: T[]; upstream: T[] }> {
  const results = { mini: [] as T[], upstream: [] as T[] };
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? (["mini", "upstream"] as const) : (["upstream", "mini"] as const);
    for (const name of order) results[name].push(await measure(name === "mini" ? mini : upstream));
  }
  return results;
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Rows of a figure taken from every step of the rounds. */
export function rowsOf(
  { mini, upstream }: { mini: readonly Figures[][]; upstream: readonly Figures[][] },
  { unit, goal, label = (step) => step, value }: RowOptions,
): Row[] {
  const steps = mini[0]?.map(({ step }) => step) ?? [];
  return steps.map((step, index) => {
    const over = (rounds: readonly Figures[][]): number =>
      median(rounds.map((round) => value(round[index] as Figures)));
    const both = { step: label(step), unit, mini: over(mini), upstream: upstream.length === 0 ? null : over(upstream) };
    return goal === undefined ? both : { ...both, goal };
  });
}

interface RowOptions {
  readonly unit: string;
  readonly goal?: Goal;
  readonly label?: (step: string) => string;
  readonly value: (figures: Figures) => number;
}
