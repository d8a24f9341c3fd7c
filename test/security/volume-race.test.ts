/** `scripts/robustness volume-race` is the same for a minute each. */
import { expect, it } from "vitest";
import { races, runRace } from "./volume-race/race.ts";

const seconds = 3;

it.skipIf(process.getuid?.() !== 0).each(races)("an exchange of folder and link never wins: $what", async (race) => {
  const counts = await runRace(race, seconds);
  expect(counts.get("outside")).toBeUndefined();
  expect(counts.get("inside") ?? 0).toBeGreaterThanOrEqual(race.outcomes === 1 ? 1 : 0);
  // Where it is refused, the link was there to be followed.
  if (race.outcomes > 1) expect(counts.get("EXDEV")).toBeGreaterThan(0);
});
