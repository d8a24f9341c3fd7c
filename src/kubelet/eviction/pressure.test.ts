import { describe, expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import { busybox, makePod } from "../testing/runtime-objects.ts";
import { createPressure } from "./pressure.ts";
import { evictionSettings } from "./settings.ts";
import {
  conditionOf,
  defaultThresholds,
  metThresholds,
  parseThresholds,
  reservation,
  type Threshold,
} from "./thresholds.ts";

describe("thresholds", () => {
  const gibibyte = 2 ** 30;
  const disk = (share: number) => ({ available: share * 100 * gibibyte, capacity: 100 * gibibyte });

  it("are upstream's unless a flag says otherwise, and leave a disk alone that others fill", () => {
    const observations = new Map([
      ["nodefs.available", disk(0.12)],
      ["imagefs.available", disk(0.12)],
      ["imagefs.inodesFree", { available: 4, capacity: 100 }],
      ["memory.available", { available: 90 * 2 ** 20, capacity: gibibyte }],
      ["pid.available", { available: 1, capacity: 1000 }],
    ] as const);
    const met = (thresholds: readonly Threshold[]) =>
      metThresholds(thresholds, observations).map(({ signal }) => signal);
    expect(met(defaultThresholds(false))).toEqual(["memory.available", "imagefs.available", "imagefs.inodesFree"]);
    expect(met(defaultThresholds(true))).toEqual(["memory.available"]);
    expect(met(parseThresholds("pid.available<10,nodefs.available<12%,imagefs.available<0%"))).toEqual([
      "pid.available",
    ]);
    expect(met(evictionSettings({ "eviction-hard": "nodefs.available<13Gi" }, true).thresholds)).toEqual([
      "nodefs.available",
    ]);
    expect(parseThresholds("pid.available<1").map(conditionOf)).toEqual(["PIDPressure"]);
  });

  it("keep back what pods cannot have", () => {
    expect(reservation(defaultThresholds(false), "nodefs.available", 1000)).toBe(100);
    expect(reservation(defaultThresholds(true), "nodefs.available", 1000)).toBe(0);
    expect(reservation(defaultThresholds(true), "memory.available", 1000)).toBe(100 * 2 ** 20);
  });

  it.each([
    ["disk.available<1Gi", /unsupported eviction signal disk.available/],
    ["memory.available<0", /must be positive/],
    ["nodefs.available<101%", /from 0% to 100%/],
    ["nodefs.available<x%", /from 0% to 100%/],
  ])("are refused as %s", (text, message) => {
    expect(() => parseThresholds(text)).toThrow(message);
  });
});

describe("pressure", () => {
  it("lasts for the transition period after it was last observed", async () => {
    const clock = new FakeClock();
    const { transitionMs } = evictionSettings({ "eviction-pressure-transition-period": "1m30s" }, false);
    const pressure = createPressure(clock, transitionMs);
    pressure.observe(["DiskPressure"]);
    await clock.advance(89_000);
    pressure.observe([]);
    expect(pressure.has("DiskPressure")).toBe(true);
    await clock.advance(1000);
    pressure.observe([]);
    expect(pressure.has("DiskPressure")).toBe(false);
    expect(evictionSettings({}, false).transitionMs).toBe(300_000);
  });

  const requests = { requests: { memory: "1Mi" } };
  const bestEffort = makePod();
  const burstable = makePod({ containers: [busybox("c", { resources: requests })] });
  const tolerant = makePod({
    tolerations: [{ key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" }],
  });
  const critical = makePod({ priority: 2_000_000_000 });

  it.each([
    { of: [], refused: [] },
    { of: ["MemoryPressure"], refused: [bestEffort] },
    { of: ["DiskPressure"], refused: [bestEffort, burstable, tolerant] },
    { of: ["DiskPressure", "MemoryPressure"], refused: [bestEffort, burstable, tolerant] },
  ] as const)("of $of keeps out pods", ({ of, refused }) => {
    const pressure = createPressure(new FakeClock(), 300_000);
    pressure.observe(of);
    const all = [bestEffort, burstable, tolerant, critical];
    const kept = all.filter((pod) => pressure.refuse(pod) !== undefined);
    expect(kept).toEqual(refused);
    if (kept.length === 0) return;
    const message = `The node had condition: [${of.join(" ")}]. `;
    expect(pressure.refuse(bestEffort)).toEqual({ reason: "Evicted", message });
  });
});
