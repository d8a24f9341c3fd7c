/**
 * What a run of the suite says: results read from Ginkgo's JSON reports, the ratchet `passing.txt`, the table by SIG and
 * the page docs/conformance.md. Pure but for reading reports.
 */
export type Outcome = "passed" | "failed" | "skipped";

export interface Result {
  readonly name: string;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** First line of the failure. */
  readonly message: string;
}

interface GinkgoSpec {
  LeafNodeType: string;
  LeafNodeText: string;
  ContainerHierarchyTexts: string[] | null;
  State: string;
  RunTime: number;
  NumAttempts?: number;
  Failure?: { Message?: string };
}

/** Results of the specs that were meant to run; those outside the filter never appear. A flake counts as a failure. */
export function readReport(text: string): Result[] {
  const suites = JSON.parse(text) as { SpecReports: GinkgoSpec[] | null }[];
  return suites.flatMap(({ SpecReports }) =>
    (SpecReports ?? [])
      .filter((spec) => spec.LeafNodeType === "It" && !(spec.State === "skipped" && (spec.NumAttempts ?? 0) === 0))
      .map((spec) => ({
        name: [...(spec.ContainerHierarchyTexts ?? []), spec.LeafNodeText].join(" "),
        outcome: spec.State === "passed" ? "passed" : spec.State === "skipped" ? "skipped" : "failed",
        seconds: spec.RunTime / 1e9,
        message: (spec.Failure?.Message ?? "").split("\n")[0] ?? "",
      })),
  );
}

export const countOf = (results: readonly Result[], outcome: Outcome): number =>
  results.filter((result) => result.outcome === outcome).length;

const sigOf = (name: string): string => /\[(sig-[\w-]+)\]/.exec(name)?.[1] ?? "none";

/** A Markdown table: one row a SIG, then the sum. */
export function tableBySig(results: readonly Result[]): string {
  const groups = [...Map.groupBy(results, (result) => sigOf(result.name))].sort(([a], [b]) => (a < b ? -1 : 1));
  const row = (name: string, list: readonly Result[]): string =>
    `| ${name} | ${countOf(list, "passed")} | ${countOf(list, "failed")} | ${countOf(list, "skipped")} | ${list.length} |`;
  return [
    "| SIG | passed | failed | skipped | all |",
    "|---|---|---|---|---|",
    ...groups.map(([sig, list]) => row(sig, list)),
    row("**all**", results),
  ].join("\n");
}

/** Names of the ratchet that ran and did not pass. */
export function findRegressions(results: readonly Result[], passing: ReadonlySet<string>): Result[] {
  return results.filter((result) => passing.has(result.name) && result.outcome !== "passed");
}

/** Name → passes in a row, over runs; a failure sets it to 0, a test that did not run keeps what it had. */
export type History = Record<string, number>;

export function extendHistory(history: History, results: readonly Result[]): History {
  const next = { ...history };
  for (const { name, outcome } of results) next[name] = outcome === "passed" ? (history[name] ?? 0) + 1 : 0;
  return next;
}

/** The ratchet with what has passed three runs in a row; it only grows. Sorted. */
export function extendPassing(passing: ReadonlySet<string>, history: History): string[] {
  const proven = Object.entries(history).filter(([, passes]) => passes >= 3);
  return [...new Set([...passing, ...proven.map(([name]) => name)])].sort();
}

export interface RunSettings {
  readonly date: string;
  readonly version: string;
  readonly suite: string;
  readonly kubectl: string;
  readonly driver: string;
  readonly nodes: number;
  readonly procs: number;
  readonly minutes: number;
}

/** The text of docs/conformance.md. */
export function renderPage(results: readonly Result[], settings: RunSettings): string {
  const failed = results.filter((result) => result.outcome === "failed");
  const counts = `${countOf(results, "passed")} passed, ${failed.length} failed, ${countOf(results, "skipped")} skipped`;
  return `# Conformance

Written by \`scripts/conformance\` after a whole run; do not edit.

- date: ${settings.date}; mini ${settings.version}; upstream's suite ${settings.suite}, kubectl ${settings.kubectl}
- driver ${settings.driver}, ${settings.nodes} nodes, ${settings.procs} tests at a time, then the serial ones; ${settings.minutes} minutes
- **${counts}**

${tableBySig(results)}

## Failed

${failed.length === 0 ? "None." : failed.map((one) => `- ${one.name}\n  - ${one.message.slice(0, 300)}`).join("\n")}
`;
}
