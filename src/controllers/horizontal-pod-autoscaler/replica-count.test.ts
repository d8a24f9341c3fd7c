import { describe, expect, it } from "vitest";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { countByShare, countByTotal, countByUtilization, countByValue, type Measured } from "./replica-count.ts";

const now = Date.UTC(2026, 0, 1, 12);
const time = (secondsAgo: number): string => new Date(now - secondsAgo * 1000).toISOString();

interface PodCase {
  /** Thousandths of a core; absent: no figures. */
  readonly use?: number;
  readonly request?: string;
  readonly phase?: string;
  readonly ready?: boolean;
  /** Seconds ago; the pod changed its readiness ten seconds later. */
  readonly started?: number;
}

function measured(cases: readonly PodCase[], currentReplicas = cases.length): Measured {
  const pods = cases.map(({ request = "100m", phase = "Running", ready = true, started = 3600 }, index) => ({
    metadata: { name: `p${index}` },
    spec: { containers: [{ name: "c", resources: { requests: { cpu: request } } }] },
    status: {
      phase,
      startTime: time(started),
      conditions: [{ type: "Ready", status: ready ? "True" : "False", lastTransitionTime: time(started - 10) }],
    },
  })) as Pod[];
  const figures = cases.flatMap(({ use }, index) =>
    use === undefined ? [] : [[`p${index}`, { value: use, at: now, windowMs: 15_000 }] as const],
  );
  return { pods, metrics: new Map(figures), currentReplicas, tolerances: { up: 0.1, down: 0.1 }, now };
}

describe("replicas by utilization of 50 % of 100m", () => {
  const cpu = { target: 50, resource: "cpu" };
  const cases: [string, PodCase[], number][] = [
    ["doubles what uses twice the target", [{ use: 100 }, { use: 100 }], 4],
    ["halves what uses half of it", [{ use: 25 }, { use: 25 }], 1],
    ["leaves small deviations", [{ use: 54 }, { use: 54 }], 2],
    ["takes pods without figures for idle when it grows", [{ use: 200 }, {}, {}], 4],
    ["takes pods without figures for busy when it shrinks", [{ use: 10 }, {}], 2],
    ["does not turn round because of what is missing", [{ use: 60 }, {}, {}], 3],
    ["does not count pods that are starting", [{ use: 100 }, { use: 1000, started: 20 }], 2],
    ["does not count pods that never were ready", [{ use: 100 }, { use: 1000, ready: false }], 2],
    ["takes pending pods for idle when it grows", [{ use: 300 }, { phase: "Pending" }], 6],
    ["ignores failed pods", [{ use: 100 }, { use: 100, phase: "Failed" }], 2],
  ];
  it.each(cases)("%s", (_, pods, expected) => {
    expect(countByUtilization(measured(pods), cpu).replicas).toBe(expected);
  });

  it("tells the average and its share of the request", () => {
    const pods = [{ use: 150 }, { use: 51, request: "200m" }];
    expect(countByUtilization(measured(pods), cpu)).toEqual({ replicas: 3, utilization: 67, average: 100 });
  });

  const noRequest = {
    ...measured([{ use: 1 }]),
    pods: [{ ...measured([{}]).pods[0], spec: { containers: [{ name: "c" }] } }],
  };
  it.each([
    ["no pods returned by selector while calculating replica count", measured([])],
    ["did not receive metrics for targeted pods (pods might be unready)", measured([{ phase: "Pending" }])],
    ["missing request for cpu in container c of Pod p0", noRequest as Measured],
  ])("fails with %j", (message, input) => {
    expect(() => countByUtilization(input, cpu)).toThrow(message);
  });

  it("is of one container where one is named, and of the pod where the pod itself requests", () => {
    const [pod] = measured([{}]).pods as [Pod];
    const sidecar = { name: "s", resources: { requests: { cpu: "900m" } } };
    const two = { ...pod, spec: { ...pod.spec, containers: [...(pod.spec?.containers ?? []), sidecar] } } as Pod;
    const input = () => ({ ...measured([{ use: 100 }]), pods: [two] });
    expect(countByUtilization(input(), { ...cpu, container: "s" }).utilization).toBe(11);
    expect(countByUtilization(input(), cpu).utilization).toBe(10);
    const whole = { ...two, spec: { ...two.spec, resources: { requests: { cpu: "2" } } } } as Pod;
    expect(countByUtilization({ ...input(), pods: [whole] }, cpu).utilization).toBe(5);
    expect(() => countByUtilization(input(), { ...cpu, container: "x" })).toThrow("container x not found in Pod p0");
  });
});

describe("replicas by value", () => {
  it("compares the average of a pod with the target", () => {
    expect(countByValue(measured([{ use: 3000 }, { use: 1000 }]), 1000)).toEqual({ replicas: 4, average: 2000 });
    expect(countByValue(measured([{ use: 100 }, {}]), 1000).replicas).toBe(2);
  });

  it("compares one value with a target for all pods, or for each", () => {
    expect(countByTotal(30, 10, measured([{}, {}]))).toBe(6);
    expect(countByTotal(30, 10, measured([{}, { ready: false }]))).toBe(3);
    expect(countByTotal(10, 10, measured([{}, {}]))).toBe(2);
    const two = { statusReplicas: 2, tolerances: { up: 0.1, down: 0.1 } };
    expect(countByShare(50, 10, two)).toEqual({ replicas: 5, average: 25 });
    expect(countByShare(21, 10, two)).toEqual({ replicas: 2, average: 11 });
    expect(countByShare(21, 10, { ...two, statusReplicas: 0 })).toEqual({ replicas: 3, average: 21 });
  });
});
