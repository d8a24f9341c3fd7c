/** What the samples of a soak come to, and where the rows of all scenarios are kept. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeReport } from "./report.ts";
import { growthOf, percent, type Sample } from "./soak/samples.ts";

it("takes growth from the first third to the end, and a process that was started anew for a restart", () => {
  const samples = Array.from({ length: 121 }, (_, index): Sample => {
    const rssKib = index < 40 ? 50_000 + index * 1000 : 100_000 + (index - 40) * 125;
    return { seconds: index * 30, process: "agent", pid: index < 100 ? 7 : 8, rssKib, descriptors: 30 };
  });
  const [growth] = growthOf(samples, 3600);
  expect(growth).toMatchObject({ process: "agent", restarts: 1, peakKib: 110_000, descriptors: [30, 30] });
  expect(percent(growth?.rssKib ?? [1, 1])).toBeCloseTo(8.7, 0);
});

it("replaces in the report the rows of what ran, and keeps the others", () => {
  const folder = mkdtempSync(join(tmpdir(), "mini-report-"));
  try {
    const path = join(folder, "robustness.md");
    const row = { what: "kills", figure: "0 lost", target: "0", met: true };
    writeReport(path, new Map([["soak", [row]]]));
    writeReport(path, new Map([["kills", [row, { ...row, figure: "1 lost", met: false }]]]));
    writeReport(path, new Map([["soak", [{ ...row, figure: "5 %" }]]]));
    const rows = readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => / lost | 5 % /.test(line))
      .map((line) => line.split(" | ").slice(0, 5).join(" | "));
    expect(rows).toEqual([
      "| kills | kills | 0 lost | 0 | met",
      "| kills | kills | 1 lost | 0 | **missed**",
      "| soak | kills | 5 % | 0 | met",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
