import { describe, expect, it } from "vitest";
import { joinStates, type NodeState, parseTimings } from "./state.ts";

describe("parseTimings", () => {
  it("counts from the kernel's start in a virtual machine", () => {
    expect(parseTimings("kernel 3.53\ndata 4.93\n")).toEqual({ zero: 0, timings: { kernel: 3530, data: 4930 } });
  });

  it("counts from init's start in runc", () => {
    expect(parseTimings("init 5000.10\nsystem 5000.35\n")).toEqual({ zero: 5_000_100, timings: { system: 250 } });
  });
});

describe("joinStates", () => {
  it("takes the components of both processes, and either alone", () => {
    const part = (name: string, updatedAt: number): NodeState => ({
      version: 1,
      updatedAt,
      components: { [name]: { state: "Running", restarts: 0, since: updatedAt } },
      timings: { [name]: updatedAt },
    });
    const joined = joinStates([part("apiserver", 1), part("kubelet", 2)]);
    expect(Object.keys(joined.components)).toEqual(["apiserver", "kubelet"]);
    expect(joined.updatedAt).toBe(2);
    expect(joinStates([undefined, part("kubelet", 3)]).timings).toEqual({ kubelet: 3 });
  });
});
