/**
 * `scripts/robustness [--write] [--NAME=N…] [SCENARIO…]`: runs the scenarios that are named, or all, and ends with one
 * table. Exit code 1 where a target was missed or a scenario failed.
 */
import { mkdirSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { readArguments } from "../../scripts/arguments.ts";
import { renderTable, writeReport } from "./report.ts";
import type { Row, Scenario } from "./scenario.ts";

const root = join(import.meta.dirname, "../..");
const folder = join(import.meta.dirname, "scenarios");
const all = new Map<string, Scenario>();
for (const file of readdirSync(folder).sort()) {
  if (!file.endsWith(".ts") || file.endsWith(".test.ts")) continue;
  const { scenario } = (await import(join(folder, file))) as { scenario: Scenario };
  all.set(basename(file, ".ts"), scenario);
}

const usage = [
  "scripts/robustness [--write] [--NAME=N…] [SCENARIO…]",
  ...[...all].flatMap(([name, { summary, options }]) => [
    `  ${name.padEnd(12)}${summary}`,
    ...Object.entries(options).map(([option, each]) => `    --${option}=${each.unless}  ${each.summary}`),
  ]),
].join("\n");
const names = new Set([...all.values()].flatMap(({ options }) => Object.keys(options)));
const { values, positionals } = readArguments(usage, {
  options: {
    write: { type: "boolean", default: false },
    ...Object.fromEntries([...names].map((name) => [name, { type: "string" as const }])),
  },
  allowPositionals: true,
});
const given = values as Readonly<Record<string, string | boolean | undefined>>;
const unknown = positionals.filter((name) => !all.has(name));
const wrong = [...names].filter((name) => given[name] !== undefined && !/^\d+$/.test(String(given[name])));
if (unknown.length + wrong.length > 0) {
  const faults = [...unknown.map((name) => `no scenario ${name}`), ...wrong.map((name) => `--${name} takes a number`)];
  console.error(`robustness: ${faults.join(", ")}\n\n${usage}`);
  process.exit(2);
}

const abort = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => abort.abort(new Error(signal)));

const results = new Map<string, readonly Row[]>();
let failed = false;
for (const [name, scenario] of all) {
  if ((positionals.length > 0 && !positionals.includes(name)) || abort.signal.aborted) continue;
  const own = join(root, ".cache/robustness", name);
  mkdirSync(own, { recursive: true });
  const context = {
    option: (option: string) => Number(given[option] ?? scenario.options[option]?.unless),
    report: (line: string) => console.log(`${new Date().toISOString().slice(11, 19)} ${name}: ${line}`),
    folder: own,
    signal: abort.signal,
  };
  try {
    results.set(name, await scenario.run(context));
  } catch (error) {
    failed = true;
    console.error(`robustness: ${name} failed:`, error);
  }
}
console.log(renderTable(results));
if (given["write"] === true) writeReport(join(root, "docs/robustness.md"), results);
process.exit(failed || [...results.values()].flat().some(({ met }) => !met) ? 1 : 0);
