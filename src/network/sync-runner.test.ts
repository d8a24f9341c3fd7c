import { expect, it } from "vitest";
import { FakeClock } from "../lib/fake-clock.ts";
import { createLogger } from "../lib/log.ts";
import { createSyncRunner } from "./sync-runner.ts";

const log = createLogger("test", () => undefined);

it("makes one run of a burst and keeps the interval between runs", async () => {
  const clock = new FakeClock();
  let runs = 0;
  const sync = async () => {
    runs += 1;
  };
  const runner = createSyncRunner({ sync, log, intervalMs: 100, clock });
  runner.trigger();
  runner.trigger();
  await clock.advance(0);
  expect(runs).toBe(1);
  runner.trigger();
  await clock.advance(99);
  expect(runs).toBe(1);
  await clock.advance(1);
  expect(runs).toBe(2);
});

it("tries a failed run again with back-off until it succeeds", async () => {
  const clock = new FakeClock();
  let runs = 0;
  const sync = async () => {
    runs += 1;
    if (runs < 3) throw new Error("not yet");
  };
  const runner = createSyncRunner({ sync, log, intervalMs: 10, clock });
  runner.trigger();
  await clock.advance(0);
  await clock.advance(500);
  expect(runs).toBe(2);
  await clock.advance(1000);
  expect(runs).toBe(3);
  await clock.advance(60_000);
  expect(runs).toBe(3);
});
