/** The table of scripts/robustness, printed and in docs/robustness.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import type { Row } from "./scenario.ts";

const heading = "| scenario | what was done | came out | target | | measured |\n| --- | --- | --- | --- | --- | --- |";

const introduction = `# Robustness

What mini withstands. Written by \`scripts/robustness --write\`, whose scenarios are the files of
[test/robustness/scenarios](../test/robustness/scenarios); a short form of each runs with the tests. A run of some scenarios
replaces their rows and leaves the others.
`;

export function renderTable(results: ReadonlyMap<string, readonly Row[]>): string {
  return [heading, ...[...results].flatMap(([name, rows]) => rows.map((row) => renderRow(name, row)))].join("\n");
}

function renderRow(scenario: string, { what, figure, target, met }: Row): string {
  const when = `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? "processor"}`;
  return `| ${[scenario, what, figure, target, met ? "met" : "**missed**", when].join(" | ")} |`;
}

/** Rows of scenarios that did not run stay; all are in the order of their names. */
export function writeReport(path: string, results: ReadonlyMap<string, readonly Row[]>): void {
  const kept = rowsOf(path).filter(([scenario]) => !results.has(scenario));
  const fresh = [...results].flatMap(([name, rows]) => rows.map((row) => [name, renderRow(name, row)] as const));
  const lines = [...kept, ...fresh].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, line]) => line);
  writeFileSync(path, `${introduction}\n${[heading, ...lines].join("\n")}\n`);
}

function rowsOf(path: string): (readonly [scenario: string, line: string])[] {
  let text = "";
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  return text
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| scenario |") && !line.startsWith("| --- |"))
    .map((line) => [line.split("|")[1]?.trim() ?? "", line] as const);
}
