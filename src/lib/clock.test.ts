import { afterEach, describe, expect, it, vi } from "vitest";
import { systemClock } from "./clock.ts";

describe("systemClock", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("waits longer than one timer can, and not at all where it is told to stop", async () => {
    vi.useFakeTimers();
    const days = 86_400_000;
    const called: string[] = [];
    systemClock.schedule(60 * days, () => called.push("late"));
    systemClock.schedule(60 * days, () => called.push("as late"));
    const cancel = systemClock.schedule(60 * days, () => called.push("cancelled"));
    void systemClock.sleep(30 * days).then(() => called.push("slept"));
    await vi.advanceTimersByTimeAsync(29 * days);
    expect(called).toEqual([]);
    cancel();
    await vi.advanceTimersByTimeAsync(days);
    expect(called).toEqual(["slept"]);
    await vi.advanceTimersByTimeAsync(30 * days);
    expect(called).toEqual(["slept", "late", "as late"]);
  });
});
