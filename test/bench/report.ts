/**
 * The report of the benchmark: tables on standard output, and docs/benchmarks.md with one plot a workload, made from
 * docs/benchmarks/results.json, in which each workload keeps its latest whole run.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";
import type { Row, Workload } from "./workload.ts";

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly date: string;
  /** Machine, versions, settings, and the load of the machine before and after. */
  readonly conditions: readonly string[];
  readonly rows: readonly Row[];
}

const header = ["step", "unit", "mini", "upstream", "ratio", "goal", ""];

function format(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

function cells({ step, unit, mini, upstream, goal }: Row): string[] {
  if (upstream === null) return [step, unit, format(mini), "not measured", "", "", ""];
  // An event may come before the answer on both sides: then there is no ratio to judge.
  if (mini === 0 && upstream === 0) return [step, unit, format(mini), format(upstream), "", "", "no delay"];
  const ratio = mini / upstream;
  const measured = [step, unit, format(mini), format(upstream), ratio.toFixed(2)];
  if (goal === undefined) return [...measured, "", ""];
  const met = goal.better === "more" ? ratio >= goal.ratio : ratio <= goal.ratio;
  return [...measured, `${goal.better === "more" ? "≥" : "≤"} ${goal.ratio}`, met ? "met" : "missed"];
}

/** Columns aligned, for a terminal. */
export function renderText({ rows }: Result): string {
  const lines = [header, ...rows.map(cells)];
  const widths = header.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const align = (cell: string, column: number): string =>
    column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0);
  return lines.map((line) => `  ${line.map(align).join("  ").trimEnd()}`).join("\n");
}

function renderMarkdown({ name, title, date, conditions, rows }: Result): string {
  const table = [header, header.map((_, column) => (column < 2 ? "---" : "---:")), ...rows.map(cells)];
  const lines = table.map((line) => `| ${line.join(" | ")} |`);
  return `## ${title}\n\n![${title}](benchmarks/${name}.svg)\n\n${lines.join("\n")}\n\n${date}; ${conditions.join("; ")}.\n`;
}

/** Bars of both sides, a panel for each unit. */
async function renderPlot({ title, rows }: Result): Promise<string> {
  const values = rows.flatMap(({ step, unit, mini, upstream }) => [
    { step, unit, side: "mini", value: mini },
    ...(upstream === null ? [] : [{ step, unit, side: "upstream", value: upstream }]),
  ]);
  const spec: TopLevelSpec = {
    title,
    background: "white",
    data: { values },
    facet: { row: { field: "unit", type: "nominal", title: null, sort: null } },
    resolve: { scale: { y: "independent", x: "independent" } },
    spec: {
      height: 140,
      mark: "bar",
      encoding: {
        x: { field: "step", type: "nominal", sort: null, title: null, axis: { labelAngle: -40, labelLimit: 220 } },
        xOffset: { field: "side" },
        y: { field: "value", type: "quantitative", title: null },
        color: { field: "side", type: "nominal", title: null, scale: { range: ["#1f77b4", "#bbbbbb"] } },
      },
    },
  };
  return await new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}

const introduction = `# Benchmarks

mini's control plane beside upstream's own programs on Debian's etcd, on one machine, from one client program over TLS on
loopback. While one side is measured the other is idle; both sync each write to the disk before they answer. Figures are medians
of rounds that took turns. \`scripts/bench\` makes this page (\`--quick\`, five minutes, only prints);
\`scripts/bench start\` measures a whole cluster's start.
`;

/** Writes the results given, keeps those of other workloads, and renders everything anew. */
export async function writeReport(docs: string, results: readonly Result[], order: readonly Workload[]): Promise<void> {
  const folder = join(docs, "benchmarks");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "results.json");
  const earlier = existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Result[]) : [];
  const all = order.flatMap(({ name }) => [...results, ...earlier].find((result) => result.name === name) ?? []);
  writeFileSync(path, `${JSON.stringify(all, undefined, 2)}\n`);
  for (const result of all) writeFileSync(join(folder, `${result.name}.svg`), await renderPlot(result));
  writeFileSync(join(docs, "benchmarks.md"), [introduction, ...all.map(renderMarkdown)].join("\n"));
}
