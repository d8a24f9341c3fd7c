/**
 * `scripts/bench [--quick] [--write] [workload…]`: mini's control plane beside upstream's. Prints a table a workload; a
 * whole run, or `--write`, also writes docs/benchmarks.md. Needs Go for the client program, and upstream's servers, which
 * `scripts/compile-upstream --servers` makes.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { readArguments } from "../../scripts/arguments.ts";
import { type Result, renderText, writeReport } from "./report.ts";
import { createMini } from "./servers/mini.ts";
import { createUpstream } from "./servers/upstream.ts";
import type { Bench, Workload } from "./workload.ts";
import { idle } from "./workloads/idle.ts";
import { list } from "./workloads/list.ts";
import { pods } from "./workloads/pods.ts";
import { ready } from "./workloads/ready.ts";
import { requests } from "./workloads/requests.ts";
import { schedule } from "./workloads/schedule.ts";
import { watch } from "./workloads/watch.ts";

const workloads: readonly Workload[] = [ready, idle, requests, list, watch, schedule, pods];
const root = join(import.meta.dirname, "../..");
const names = workloads.map(({ name }) => name).join(", ");
const usage = `scripts/bench [--quick] [--write] [WORKLOAD…]; workloads: ${names}\nscripts/bench start [--runs 5] [--driver runc|qemu2]`;
const { values, positionals } = readArguments(usage, {
  options: { quick: { type: "boolean", default: false }, write: { type: "boolean", default: false } },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !workloads.some((workload) => workload.name === name));
if (unknown.length > 0) {
  console.error(`bench: no workload ${unknown.join(", ")}; there are ${names}`);
  process.exit(2);
}
const load = (): string => (loadavg()[0] ?? Number.NaN).toFixed(1);
const work = mkdtempSync(join(tmpdir(), "mini-bench-"));
process.once("exit", () => rmSync(work, { recursive: true, force: true }));
const client = join(root, ".cache/bench/client");
execFileSync("go", ["build", "-o", client, "."], {
  cwd: join(root, "test/bench/client"),
  env: { ...process.env, CGO_ENABLED: "0" },
});
const sides = [await createMini(), createUpstream()] as const;
const bench: Bench = {
  sides,
  quick: values.quick,
  client,
  newFolder: (name) => mkdtempSync(join(work, `${name}-`)),
};
const results: Result[] = [];
for (const workload of workloads.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const { name, title } = workload;
  const before = load();
  const rows = await workload.run(bench);
  const machine = `${cpus().length} × ${cpus()[0]?.model}, load ${before} before and ${load()} after`;
  const conditions = [
    values.quick ? "the quick form" : "the whole form",
    machine,
    ...sides.map(({ description }) => description),
    ...(workload.conditions === undefined ? [] : [workload.conditions]),
  ];
  const result = { name, title, date: new Date().toISOString().slice(0, 10), conditions, rows };
  console.log(`\n${title} (${machine})\n${renderText(result)}`);
  results.push(result);
}
if (values.write || !values.quick) await writeReport(join(root, "docs"), results, workloads);
