import { expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createCrashLoopBackOff, formatDelay } from "./crash-loop-back-off.ts";

it("restarts at once the first time, then after 10 s, doubling to 5 minutes", async () => {
  const clock = new FakeClock();
  const backOff = createCrashLoopBackOff(clock);
  const delays: number[] = [];
  for (let crash = 0; crash < 8; crash++) {
    const finished = clock.now();
    const { leftMs } = backOff.check("pod/c", finished);
    delays.push(leftMs / 1000);
    await clock.advance(leftMs);
    if (leftMs > 0) expect(backOff.check("pod/c", finished).leftMs).toBe(0);
    await clock.advance(1);
  }
  expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300]);
});

it("forgets a container that stayed up for ten minutes", async () => {
  const clock = new FakeClock();
  const backOff = createCrashLoopBackOff(clock);
  backOff.check("pod/c", clock.now());
  await clock.advance(700_000);
  expect(backOff.check("pod/c", clock.now()).leftMs).toBe(0);
});

it("writes delays as Go does", () => {
  expect([10_000, 80_000, 300_000].map(formatDelay)).toEqual(["10s", "1m20s", "5m0s"]);
});
