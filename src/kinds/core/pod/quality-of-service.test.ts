import { describe, expect, it } from "vitest";
import type { PodSpec, ResourceRequirements } from "../../generated/core-v1.ts";
import { podQosClass } from "./quality-of-service.ts";

const spec = (resources: ResourceRequirements[], podLevel?: ResourceRequirements): PodSpec => ({
  containers: resources.map((each, index) => ({ name: `c${index}`, resources: each })),
  ...(podLevel === undefined ? {} : { resources: podLevel }),
});
const guaranteed = { limits: { cpu: "500m", memory: "64Mi" }, requests: { cpu: "500m", memory: "64Mi" } };
const burstable = { requests: { cpu: "250m", memory: "512Mi" } };

describe("podQosClass", () => {
  it.each<[string, ResourceRequirements[], ResourceRequirements?]>([
    ["BestEffort", [{}]],
    ["BestEffort", [{ requests: { cpu: "0" } }]],
    ["Burstable", [burstable]],
    ["Burstable", [guaranteed, {}]],
    ["Burstable", [{ limits: { cpu: "1" }, requests: { cpu: "1" } }]],
    ["Guaranteed", [guaranteed]],
    ["Guaranteed", [guaranteed, guaranteed]],
    ["Guaranteed", [{}, burstable], guaranteed],
    ["Burstable", [guaranteed], burstable],
  ])("%s", (expected, resources, podLevel) => {
    expect(podQosClass(spec(resources, podLevel))).toBe(expected);
  });
});
