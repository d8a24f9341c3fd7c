import { describe, expect, it } from "vitest";
import type { Container, ResourceRequirements } from "../../kinds/generated/core-v1.ts";
import { busybox, makePod } from "../testing/runtime-objects.ts";
import { containerResources, cpuQuota, cpuShares, cpuWeight, podCgroupLimits } from "./cgroup-values.ts";
import { oomScoreAdjust } from "./out-of-memory-score.ts";
import { podRequests } from "./pod-resources.ts";

const gibibyte = 2 ** 30;
const pod = (...resources: ResourceRequirements[]) =>
  makePod({ containers: resources.map((each, index) => busybox(`c${index}`, { resources: each })) });
const guaranteed = { limits: { cpu: "500m", memory: "64Mi" }, requests: { cpu: "500m", memory: "64Mi" } };
const burstable = { requests: { cpu: "250m", memory: "512Mi" } };

describe("CPU values", () => {
  it.each([
    [0, 2],
    [1, 2],
    [100, 102],
    [1000, 1024],
    [1_000_000, 262_144],
  ])("%i millicores are %i shares", (milli, shares) => {
    expect(cpuShares(milli)).toBe(shares);
  });

  it("turns limits into quotas, never below a millisecond", () => {
    expect([0, 5, 500, 2000].map(cpuQuota)).toEqual([0, 1000, 50_000, 200_000]);
  });

  it("maps shares to weights", () => {
    expect([2, 1024, 262_144].map(cpuWeight)).toEqual([1, 39, 10_000]);
  });
});

describe("oomScoreAdjust", () => {
  it.each<[number, ResourceRequirements]>([
    [-997, guaranteed],
    [1000, {}],
    [500, burstable],
    [999, { requests: { memory: "1" } }],
    [3, { requests: { memory: "2Gi" } }],
  ])("is %i", (expected, resources) => {
    const subject = pod(resources);
    expect(oomScoreAdjust(subject, subject.spec?.containers[0] as Container, gibibyte)).toBe(expected);
  });
});

describe("control groups", () => {
  it("limits a Guaranteed pod by its sums", () => {
    expect(podCgroupLimits(pod(guaranteed, guaranteed))).toEqual({
      cpuShares: 1024,
      cpuQuota: 100_000,
      memory: 128 * 2 ** 20,
    });
  });

  it("limits a Burstable pod only where every container is limited", () => {
    expect(podCgroupLimits(pod(burstable))).toEqual({ cpuShares: 256 });
    expect(podCgroupLimits(pod({}))).toEqual({ cpuShares: 2 });
  });

  it("gives a container its own values", () => {
    const subject = pod(guaranteed);
    expect(containerResources(subject, subject.spec?.containers[0] as Container, gibibyte)).toMatchObject({
      cpuShares: 512,
      cpuQuota: 50_000,
      memoryLimitInBytes: 64 * 2 ** 20,
      oomScoreAdj: -997,
    });
  });

  it("counts the largest init container, and sidecars beside all others", () => {
    const subject = makePod({
      initContainers: [
        busybox("side", { restartPolicy: "Always", resources: { requests: { cpu: "100m" } } }),
        busybox("init", { resources: { requests: { cpu: "2" } } }),
      ],
      containers: [busybox("c", { resources: { requests: { cpu: "500m" } } })],
    });
    expect(podRequests(subject)).toEqual({ cpu: 2100 });
  });
});
