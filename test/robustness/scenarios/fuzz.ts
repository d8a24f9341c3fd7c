/** Wrong requests of every kind, in every form: each is answered with what is wrong about it, and never with a 5xx. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Finding, type FuzzResult, runFuzz } from "../fuzz/run.ts";
import type { Scenario } from "../scenario.ts";

/** A server that answers so late has stopped for all others; a thread that shares its processor may be a second late. */
const limitMs = 10_000;

export const scenario: Scenario = {
  summary: "wrong requests to the API server, generated and mutated of every kind: answers of 5xx, stacks, stalls",
  options: {
    cases: { unless: 1_000_000, summary: "how many requests" },
    seed: { unless: 1, summary: "of the requests: the same seed gives the same" },
  },
  async run({ option, signal, report, folder }) {
    const [cases, seed] = [option("cases"), option("seed")];
    const result = await runFuzz({ cases, seed, limitMs, signal, progress: (done) => report(describe(done)) });
    const { findings, heapBytes } = result;
    if (findings.length > 0) {
      const path = join(folder, "findings.txt");
      await writeFile(path, findings.map(showFinding).join("\n"));
      report(`the requests are in ${path}`);
    }
    const grown = heapBytes.after - heapBytes.before;
    return [
      {
        what: `${result.cases.toLocaleString("en")} wrong requests (seed ${seed})`,
        figure: `${findings.length} answers of 5xx, stacks, broken connections or stalls of ${limitMs / 1000} s`,
        target: "0",
        met: findings.length === 0,
      },
      {
        what: "the longest answer meanwhile, with eight requests at a time",
        figure: `${Math.round(result.slowestMs)} ms (${result.slowest?.method} ${result.slowest?.path})`,
        target: `≤ ${limitMs / 1000} s`,
        met: result.slowestMs <= limitMs,
      },
      {
        what: "growth of the heap of server and client together",
        figure: `${megabytes(heapBytes.before)} → ${megabytes(heapBytes.after)}`,
        target: "≤ 64 MB more",
        met: grown <= 64 * 2 ** 20,
      },
    ];
  },
};

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;

function describe({ cases, findings, codes, slowestMs, heapBytes }: FuzzResult): string {
  const answers = Object.entries(codes).map(([code, count]) => `${code}: ${count}`);
  const figures = `slowest ${Math.round(slowestMs)} ms, heap ${megabytes(heapBytes.after)}, ${answers.join(", ")}`;
  return `${cases} cases, ${findings.length} findings, ${figures}`;
}

function showFinding({ case: number, problem, request, answer, stack }: Finding): string {
  const { method, path, headers, body } = request;
  const isBinary = headers["content-type"]?.includes("protobuf") === true;
  const text = body?.toString(isBinary ? "base64" : "utf8").slice(0, 3_000) ?? "";
  const lines = [`${method} ${path} ${JSON.stringify(headers)}`, text, answer.slice(0, 1_000), stack.slice(0, 1_500)];
  return `case ${number}: ${problem}\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}
