/**
 * Prints the closing line of a test run, summed over the reports named: vitest's JSON report, or the summary that
 * scripts/conformance writes. Exits 1 when a test failed, or a report is missing or has no passed test.
 */
import { existsSync, readFileSync } from "node:fs";

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults: { name: string; status: string; message: string; assertionResults: { status: string }[] }[];
}

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

function countVitest(report: VitestReport): Counts {
  // A file that does not load, or a set-up that fails, fails no test of its own; each such file counts as one failure.
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  );
  for (const { name, message } of broken) console.error(`${name}: ${message.split("\n")[0]}`);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests,
  };
}

function readCounts(file: string): Counts {
  if (!existsSync(file)) {
    console.error(`${file}: no report; the tests did not come to their end`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const report = JSON.parse(readFileSync(file, "utf8")) as VitestReport | Counts;
  return "testResults" in report ? countVitest(report) : report;
}

const files = process.argv.slice(2);
if (files.length === 0) throw new Error("usage: node scripts/summarize-tests.ts REPORT...");
const all = files.map(readCounts);
const sum = (name: keyof Counts): number => all.reduce((total, counts) => total + counts[name], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
process.exitCode = sum("failed") > 0 || all.some(({ passed }) => passed === 0) ? 1 : 0;
