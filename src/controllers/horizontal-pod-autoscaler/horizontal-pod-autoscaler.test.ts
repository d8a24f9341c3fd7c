import { afterAll, describe, expect, it } from "vitest";
import { horizontalPodAutoscalers, pods } from "../../client/resources.ts";
import type { HorizontalPodAutoscaler } from "../../kinds/generated/autoscaling-v2.ts";
import { startController } from "../framework/controller-harness.ts";
import { settle } from "./behaviour.ts";
import { createHorizontalPodAutoscalerController } from "./horizontal-pod-autoscaler.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const autoscaler: HorizontalPodAutoscaler = {
  metadata: { name: "h", namespace: "a" },
  spec: {
    scaleTargetRef: { kind: "Deployment", name: "d", apiVersion: "apps/v1" },
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } }],
  },
};

it("scales by the use of CPU, and says why it cannot without metrics", async () => {
  let replicas = 2;
  let use: string | undefined = "100m";
  const harness = await startController(createHorizontalPodAutoscalerController(), stop.signal, async (api) => {
    const names = ["p1", "p2"];
    await api.seed(
      pods,
      ...names.map((name) => ({
        metadata: { name, namespace: "a", labels: { app: "x" } },
        spec: { containers: [{ name: "c", resources: { requests: { cpu: "100m" } } }] },
        status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
      })),
    );
    api.onRequest((method, path, body) => {
      if (method === "PUT") replicas = (body as { spec: { replicas: number } }).spec.replicas;
      if (path.includes("/scale")) return { spec: { replicas }, status: { replicas, selector: "app=x" } };
      if (use === undefined) throw new Error("the server could not find the requested resource");
      return { items: names.map((name) => ({ metadata: { name }, containers: [{ name: "c", usage: { cpu: use } }] })) };
    });
  });
  await harness.api.client.of(horizontalPodAutoscalers).create(autoscaler);
  await harness.settle();
  expect(replicas).toBe(4);
  expect(harness.events).toEqual([
    "Normal SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target",
  ]);
  use = undefined;
  await harness.settle(16_000);
  const conditions = harness.api.get(horizontalPodAutoscalers, "h", "a")?.status?.conditions;
  expect(conditions?.find(({ type }) => type === "ScalingActive")).toMatchObject({
    status: "False",
    reason: "FailedGetResourceMetric",
  });
});

describe("behaviour", () => {
  const memory = () => ({ recommendations: [], events: [] });
  it("limits growth, and keeps within bounds", () => {
    const wide = { spec: { ...autoscaler.spec, maxReplicas: 100 } } as HorizontalPodAutoscaler;
    expect(settle(wide, 50, 2, memory(), 0)).toMatchObject({ replicas: 6, limited: "ScaleUpLimit" });
    expect(settle(autoscaler, 50, 4, memory(), 0)).toMatchObject({ replicas: 5, limited: "TooManyReplicas" });
  });
  it("shrinks only when no recommendation of five minutes asked for more", () => {
    const history = memory();
    settle(autoscaler, 4, 4, history, 0);
    expect(settle(autoscaler, 1, 4, history, 100_000).replicas).toBe(4);
    expect(settle(autoscaler, 1, 4, history, 301_000).replicas).toBe(1);
  });
});
