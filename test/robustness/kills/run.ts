/** Kills under writes, and the count of what was acknowledged and is not there afterwards. */
import type { Client } from "../../../src/client/types.ts";
import type { ScenarioCluster } from "../cluster.ts";
import { pickTarget } from "./targets.ts";
import { lostOf, readValues, Writer } from "./writer.ts";

const writerCount = 3;
/** Between two kills there is this much that could be lost. */
const answersBetween = 20;
const patienceMs = 120_000;

export interface KillOptions {
  readonly kills: number;
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

export interface KillResult {
  /** By what was killed. */
  readonly kills: ReadonlyMap<string, number>;
  readonly acknowledged: number;
  readonly lost: readonly string[];
  /** The longest that a client waited for an answer. */
  readonly longestMs: number;
}

export async function killUnderWrites(cluster: ScenarioCluster, options: KillOptions): Promise<KillResult> {
  const { kills, random, signal, report } = options;
  const clients = await Promise.all(Array.from({ length: writerCount }, () => cluster.connect()));
  const writers = clients.map((client, index) => new Writer(client, `writer-${index}`));
  const done = new AbortController();
  const running = Promise.all(writers.map((writer) => writer.run(AbortSignal.any([signal, done.signal]))));
  const failed = new Promise<never>((_, reject) => running.catch(reject));
  const counted = new Map<string, number>();
  try {
    for (let kill = 1; kill <= kills; kill++) {
      signal.throwIfAborted();
      await Promise.race([answered(writers, answersBetween), failed]);
      await new Promise((resolve) => setTimeout(resolve, random() * 300));
      const target = pickTarget(random());
      await target.kill(cluster);
      counted.set(target.name, (counted.get(target.name) ?? 0) + 1);
      if (kill % 10 === 0) report(`${kill} kills, ${sum(writers.map(({ answers }) => answers))} acknowledged writes`);
    }
    await Promise.race([answered(writers, answersBetween), failed]);
  } finally {
    done.abort();
    await running.catch(() => undefined);
  }
  const found = await readValues(clients[0] as Client);
  for (const client of clients) client.close();
  return {
    kills: counted,
    acknowledged: sum(writers.map(({ answers }) => answers)),
    lost: writers.flatMap(({ acknowledged }) => lostOf(acknowledged, found)),
    longestMs: Math.max(...writers.map(({ longestMs }) => longestMs)),
  };
}

/** Until each writer has had so many answers more. */
async function answered(writers: readonly Writer[], more: number): Promise<void> {
  const wanted = writers.map(({ answers }) => answers + more);
  for (
    const deadline = Date.now() + patienceMs;
    writers.some(({ answers }, index) => answers < (wanted[index] ?? 0));
  ) {
    if (Date.now() > deadline) throw new Error(`no answers within ${patienceMs / 1000} s after a kill`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
