import { describe, expect, it } from "vitest";
import type { PersistentVolumeClaim, Pod, ResourceQuotaSpec, Service } from "../../generated/core-v1.ts";
import type { ResourceClaim } from "../../generated/resource-v1.ts";
import { quotaMatches, quotaUsage } from "./usage.ts";

const now = Date.parse("2026-01-01T00:01:00Z");
const pod = (spec: Partial<NonNullable<Pod["spec"]>>, rest: Partial<Pod> = {}): Pod => ({
  ...rest,
  spec: { containers: [{ name: "c", resources: { requests: { cpu: "100m" }, limits: { cpu: "1" } } }], ...spec },
});

describe("quotaUsage", () => {
  it.each<[string, Pod, Record<string, string>]>([
    ["a pod", pod({}), { cpu: "100m", "requests.cpu": "100m", "limits.cpu": "1" }],
    [
      "a pod with a sidecar before a larger init container",
      pod({
        initContainers: [
          { name: "s", restartPolicy: "Always", resources: { requests: { cpu: "50m" } } },
          { name: "i", resources: { requests: { cpu: "200m" } } },
        ],
      }),
      { cpu: "250m", "requests.cpu": "250m", "limits.cpu": "1" },
    ],
    [
      "a pod with overhead",
      pod({ overhead: { cpu: "10m", memory: "1Mi" } }),
      { cpu: "110m", "requests.cpu": "110m", memory: "1Mi", "requests.memory": "1Mi", "limits.cpu": "1010m" },
    ],
    [
      "a pod with figures of its own",
      pod({ resources: { requests: { cpu: "2" } } }),
      { cpu: "2", "requests.cpu": "2", "limits.cpu": "1" },
    ],
    [
      "a pod that is to shrink, until it has",
      pod(
        {},
        {
          status: {
            containerStatuses: [
              {
                ...{ name: "c", image: "", imageID: "", ready: true, restartCount: 0 },
                allocatedResources: { cpu: "200m" },
                resources: { requests: { cpu: "300m" }, limits: { cpu: "2" } },
              },
            ],
          },
        },
      ),
      { cpu: "300m", "requests.cpu": "300m", "limits.cpu": "2" },
    ],
  ])("counts %s", (_, subject, expected) => {
    expect(quotaUsage("", "pods", subject, { now })).toEqual({ pods: "1", "count/pods": "1", ...expected });
  });

  it.each<[string, Partial<Pod>]>([
    ["has finished", { status: { phase: "Succeeded" } }],
    ["should have gone", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 30 } }],
  ])("counts only the number of a pod that %s", (_, rest) => {
    expect(quotaUsage("", "pods", pod({}, rest), { now })).toEqual({ "count/pods": "1" });
  });

  it.each<[Partial<NonNullable<Service["spec"]>>, string, string]>([
    [{ type: "ClusterIP" }, "0", "0"],
    [{ type: "NodePort" }, "2", "0"],
    [{ type: "LoadBalancer" }, "2", "1"],
    [{ type: "LoadBalancer", allocateLoadBalancerNodePorts: false }, "1", "1"],
  ])("counts node ports and load balancers of %j", (spec, nodePorts, loadBalancers) => {
    const service: Service = { spec: { ports: [{ port: 1 }, { port: 2, nodePort: 30_000 }], ...spec } };
    expect(quotaUsage("", "services", service, { now })).toEqual({
      services: "1",
      "count/services": "1",
      "services.nodeports": nodePorts,
      "services.loadbalancers": loadBalancers,
    });
  });

  it("counts a claim's storage by class too", () => {
    const claim: PersistentVolumeClaim = {
      spec: { storageClassName: "fast", resources: { requests: { storage: "1Gi" } } },
    };
    expect(quotaUsage("", "persistentvolumeclaims", claim, { now })).toMatchObject({
      "requests.storage": "1Gi",
      "fast.storageclass.storage.k8s.io/requests.storage": "1Gi",
      "fast.storageclass.storage.k8s.io/persistentvolumeclaims": "1",
    });
  });

  it("counts whole bytes of storage, and of what is allocated if that is more", () => {
    const claim: PersistentVolumeClaim = { spec: { resources: { requests: { storage: "1500m" } } } };
    expect(quotaUsage("", "persistentvolumeclaims", claim, { now })).toMatchObject({ "requests.storage": "2" });
    const shrunk = { ...claim, status: { allocatedResources: { storage: "1Gi" } } };
    expect(quotaUsage("", "persistentvolumeclaims", shrunk, { now })).toMatchObject({ "requests.storage": "1Gi" });
  });

  it("counts the devices that a claim may get, by class and by what stands for the class", () => {
    const exactly = { deviceClassName: "gold", allocationMode: "ExactCount", count: 2 };
    const firstAvailable = [
      { ...exactly, name: "two", count: 3 },
      { name: "all", deviceClassName: "tin", allocationMode: "All" },
      { ...exactly, name: "one", count: 1 },
    ];
    const claim: ResourceClaim = {
      spec: {
        devices: {
          requests: [
            { name: "a", exactly },
            { name: "b", firstAvailable },
          ],
        },
      },
    };
    const extendedResourceOf = (name: string) => (name === "gold" ? "example.com/gold" : undefined);
    expect(quotaUsage("resource.k8s.io", "resourceclaims", claim, { now, extendedResourceOf })).toEqual({
      "count/resourceclaims.resource.k8s.io": "1",
      "gold.deviceclass.resource.k8s.io/devices": "5",
      "requests.deviceclass.resource.kubernetes.io/gold": "5",
      "requests.example.com/gold": "5",
      "tin.deviceclass.resource.k8s.io/devices": "32",
      "requests.deviceclass.resource.kubernetes.io/tin": "32",
    });
  });
});

describe("quotaMatches", () => {
  const expression = (scopeName: string, operator: string, ...values: string[]): ResourceQuotaSpec => ({
    scopeSelector: { matchExpressions: [{ scopeName, operator, values }] },
  });
  it.each<[string, ResourceQuotaSpec, Pod, boolean]>([
    ["no scope", {}, pod({}), true],
    ["BestEffort, of a burstable pod", { scopes: ["BestEffort"] }, pod({}), false],
    [
      "BestEffort, of a pod with figures of its own",
      { scopes: ["BestEffort"] },
      pod({ containers: [{ name: "c" }], resources: { requests: { cpu: "1" } } }),
      false,
    ],
    ["Terminating", { scopes: ["Terminating"] }, pod({ activeDeadlineSeconds: 1 }), true],
    ["NotTerminating", { scopes: ["NotTerminating"] }, pod({ activeDeadlineSeconds: 1 }), false],
    ["a class of priority", expression("PriorityClass", "In", "high"), pod({ priorityClassName: "high" }), true],
    ["a class of priority, of a pod without", expression("PriorityClass", "NotIn", "high"), pod({}), true],
  ])("%s", (_, spec, subject, expected) => {
    expect(quotaMatches({ spec }, "", "pods", subject)).toBe(expected);
  });

  it.each<[string, ResourceQuotaSpec, PersistentVolumeClaim, boolean]>([
    [
      "the class",
      expression("VolumeAttributesClass", "In", "gold"),
      { spec: { volumeAttributesClassName: "gold" } },
      true,
    ],
    ["none", expression("VolumeAttributesClass", "In", "gold"), { spec: {} }, false],
    ["no class at all", expression("VolumeAttributesClass", "DoesNotExist"), { spec: {} }, true],
    [
      "the class it has until it gets another",
      expression("VolumeAttributesClass", "In", "gold"),
      { spec: { volumeAttributesClassName: "tin" }, status: { currentVolumeAttributesClassName: "gold" } },
      true,
    ],
    ["a scope of pods", { scopes: ["BestEffort"] }, { spec: {} }, false],
  ])("a claim by its class of volume attributes: %s", (_, spec, claim, expected) => {
    expect(quotaMatches({ spec }, "", "persistentvolumeclaims", claim)).toBe(expected);
  });
});
