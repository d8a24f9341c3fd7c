import { describe, expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import type { ProbeOutcome } from "../pods/actions.ts";
import { type ProbeKind, ProbeWorker } from "./probe-worker.ts";

function setup(kind: ProbeKind, probe: object, started = true) {
  const clock = new FakeClock();
  const script: ProbeOutcome[] = [];
  const changes: ProbeOutcome[] = [];
  let runs = 0;
  const worker = new ProbeWorker({
    kind,
    probe: { periodSeconds: 10, failureThreshold: 3, successThreshold: 1, ...probe },
    clock,
    startedAt: clock.now(),
    run: async () => {
      runs++;
      return { outcome: script.shift() ?? "success", output: "" };
    },
    started: () => started,
    changed: (outcome) => changes.push(outcome),
    failed: () => undefined,
    warned: () => undefined,
  });
  return { clock, script, changes, worker, runs: () => runs };
}

describe("probe worker", () => {
  it("waits for the initial delay, then finds the container ready", async () => {
    const { clock, changes, worker } = setup("readiness", { initialDelaySeconds: 5 });
    await clock.advance(4000);
    expect(worker.result).toBe("failure");
    await clock.advance(1000);
    expect(changes).toEqual(["success"]);
  });

  it("fails after as many failures in a row as the threshold, and not before", async () => {
    const { clock, script, changes } = setup("liveness", {});
    script.push("success", "failure", "failure", "success", "failure", "failure", "failure");
    await clock.advance(55_000);
    expect(changes).toEqual([]);
    await clock.advance(10_000);
    expect(changes).toEqual(["failure"]);
  });

  it("asks no more of a container that is to be restarted", async () => {
    const { clock, script, runs } = setup("liveness", { failureThreshold: 1 });
    script.push("failure");
    await clock.advance(60_000);
    expect(runs()).toBe(1);
  });

  it("asks for readiness again after a failure", async () => {
    const { clock, script, changes } = setup("readiness", { failureThreshold: 1 });
    script.push("success", "failure", "success");
    await clock.advance(25_000);
    expect(changes).toEqual(["success", "failure", "success"]);
  });

  it("holds liveness back until the container has started", async () => {
    const { clock, runs } = setup("liveness", {}, false);
    await clock.advance(30_000);
    expect(runs()).toBe(0);
  });

  it("takes a probe that could not be made for neither", async () => {
    const { clock, script, changes } = setup("liveness", { failureThreshold: 1 });
    script.push("unknown", "unknown");
    await clock.advance(15_000);
    expect(changes).toEqual([]);
  });
});
