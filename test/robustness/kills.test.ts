/** A few of the kills of `scripts/robustness kills`, and that it would notice a lost write. */
import { expect, it } from "vitest";
import { startScenarioCluster } from "./cluster.ts";
import { killUnderWrites } from "./kills/run.ts";
import { lostOf } from "./kills/writer.ts";
import { createRandom } from "./random.ts";

it("counts what is missing and what has an older value than was acknowledged", () => {
  const acknowledged = new Map([
    ["kept", 3],
    ["ahead", 1],
    ["older", 2],
    ["missing", 0],
  ]);
  const found = new Map([
    ["kept", 3],
    ["ahead", 2],
    ["older", 1],
  ]);
  expect(lostOf(acknowledged, found)).toEqual(["older", "missing"]);
});

it("loses nothing that was acknowledged in eight kills", async () => {
  await using cluster = await startScenarioCluster("kil");
  const { signal } = new AbortController();
  const result = await killUnderWrites(cluster, { kills: 8, random: createRandom(7), signal, report: () => undefined });
  expect(result.lost).toEqual([]);
  expect(result.kills.size).toBeGreaterThan(1);
});
