/**
 * Fuzzes every decoder, patch, selector and validator of the API server: `node test/robustness/fuzz.ts --cases N --seed S`.
 * Prints what it found, one request a finding, and fails where it found anything. The first cases of seed 1 run in CI.
 */
import { parseArgs } from "node:util";
import { type FuzzResult, runFuzz } from "./fuzz/run.ts";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    "limit-ms": { type: "string", default: "10000" },
    findings: { type: "string", default: "50" },
  },
});

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MB`;
const describe = ({ cases, findings, codes, slowestMs, heapBytes }: FuzzResult): string =>
  `${cases} cases, ${findings.length} findings, slowest ${Math.round(slowestMs)} ms, heap ${megabytes(heapBytes.before)} → ${megabytes(heapBytes.after)}, answers ${JSON.stringify(codes)}`;

const result = await runFuzz({
  cases: Number(values.cases),
  seed: Number(values.seed),
  limitMs: Number(values["limit-ms"]),
  maximumFindings: Number(values.findings),
  progress: (_done, current) => process.stderr.write(`${describe(current)}\n`),
});
for (const { case: number, problem, request, answer, stack } of result.findings) {
  const { method, path, headers, body } = request;
  const type = headers["content-type"] ?? "";
  const text = type.includes("protobuf") ? (body?.toString("base64") ?? "") : (body?.toString("utf8") ?? "");
  process.stdout.write(
    `case ${number}: ${problem}\n  ${method} ${path} ${type}\n  ${text.slice(0, 3_000)}\n  ${answer.slice(0, 1_000)}\n  ${stack.slice(0, 1_500)}\n`,
  );
}
const { slowest } = result;
if (slowest !== undefined) {
  process.stdout.write(`slowest: ${slowest.method} ${slowest.path} ${slowest.body?.length ?? 0} bytes\n`);
}
process.stdout.write(`${describe(result)}\n`);
process.exitCode = result.findings.length > 0 ? 1 : 0;
