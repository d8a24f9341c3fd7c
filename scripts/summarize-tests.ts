/** Prints the closing line of scripts/test from vitest's JSON report. Exits 1 when a test failed or none ran. */
import { readFileSync } from "node:fs";

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numFailedTestSuites: number;
  numPendingTests: number;
  testResults: { name: string; status: string; message: string; assertionResults: unknown[] }[];
}

const file = process.argv[2];
if (file === undefined) throw new Error("usage: node scripts/summarize-tests.ts REPORT");
const report = JSON.parse(readFileSync(file, "utf8")) as Report;
// A file that does not even load has no tests in it; each counts as one failure.
const broken = report.testResults.filter((one) => one.status === "failed" && one.assertionResults.length === 0);
for (const { name, message } of broken) console.error(`${name}: ${message.split("\n")[0]}`);
const failed = report.numFailedTests + broken.length;
console.log(`${report.numPassedTests} passed, ${failed} failed, ${report.numPendingTests} skipped`);
process.exitCode = failed > 0 || report.numPassedTests === 0 ? 1 : 0;
