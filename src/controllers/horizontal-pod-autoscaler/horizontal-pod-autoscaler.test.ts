import { afterAll, describe, expect, it } from "vitest";
import { horizontalPodAutoscalers, pods } from "../../client/resources.ts";
import type { HorizontalPodAutoscaler, MetricSpec } from "../../kinds/generated/autoscaling-v2.ts";
import { unknownPath } from "../../machinery/errors/status-error.ts";
import { startController } from "../framework/controller-harness.ts";
import { type ScaleMemory, settle } from "./behaviour.ts";
import { createHorizontalPodAutoscalerController } from "./horizontal-pod-autoscaler.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const cpu: MetricSpec = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
};
const autoscaler: HorizontalPodAutoscaler = {
  metadata: { name: "h", namespace: "a" },
  spec: {
    scaleTargetRef: { kind: "Deployment", name: "d", apiVersion: "apps/v1" },
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [cpu],
  },
};

/** The controller over two pods of a target, with `answer` for what is asked beyond the scale. */
async function start(answer: (path: string) => unknown) {
  const scale = { path: "", replicas: 2 };
  const harness = await startController(createHorizontalPodAutoscalerController(), stop.signal, async (api) => {
    await api.seed(
      pods,
      ...["p1", "p2"].map((name) => ({
        metadata: { name, namespace: "a", labels: { app: "x" } },
        spec: { containers: [{ name: "c", resources: { requests: { cpu: "100m" } } }] },
        status: {
          phase: "Running",
          startTime: "2025-01-01T00:00:00Z",
          conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2025-01-01T00:00:05Z" }],
        },
      })),
    );
    api.onRequest((method, path, body) => {
      if (method === "PUT") {
        Object.assign(scale, { path, replicas: (body as { spec: { replicas: number } }).spec.replicas });
      }
      if (path.endsWith("/scale")) {
        return { spec: { replicas: scale.replicas }, status: { replicas: scale.replicas, selector: "app=x" } };
      }
      return answer(decodeURIComponent(path));
    });
  });
  const create = (spec: Partial<HorizontalPodAutoscaler["spec"]> = {}, name = "h") =>
    harness.api.client
      .of(horizontalPodAutoscalers)
      .create({ metadata: { name, namespace: "a" }, spec: { ...autoscaler.spec, ...spec } });
  const status = () => harness.api.get(horizontalPodAutoscalers, "h", "a")?.status;
  const condition = (type: string) => status()?.conditions?.find((one) => one.type === type);
  return { harness, scale, create, status, condition };
}

const podMetrics = (use: string) => ({
  items: ["p1", "p2"].map((name) => ({
    metadata: { name },
    timestamp: "2026-01-01T00:00:00Z",
    window: "15.2s",
    containers: [{ name: "c", usage: { cpu: use } }],
  })),
});

it("scales by the use of CPU, and says why it cannot without metrics", async () => {
  let use: string | undefined = "100m";
  const { harness, scale, create, status, condition } = await start(() => {
    if (use === undefined) throw unknownPath();
    return podMetrics(use);
  });
  await create();
  await harness.settle();
  expect(scale).toEqual({ path: "/apis/apps/v1/namespaces/a/deployments/d/scale", replicas: 4 });
  expect(harness.events).toEqual([
    "Normal SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target",
  ]);
  expect(status()).toMatchObject({
    currentReplicas: 2,
    desiredReplicas: 4,
    currentMetrics: [{ resource: { name: "cpu", current: { averageUtilization: 100, averageValue: "100m" } } }],
  });
  use = undefined;
  harness.events.length = 0;
  await harness.settle(16_000);
  const cause =
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
  expect(condition("ScalingActive")).toMatchObject({
    status: "False",
    reason: "FailedGetResourceMetric",
    message: `the HPA was unable to compute the replica count: ${cause}`,
  });
  expect(harness.events).toEqual([
    `Warning FailedGetResourceMetric ${cause}`,
    `Warning FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${cause}`,
  ]);
});

it.each([
  {
    of: "an external queue",
    metric: {
      type: "External",
      external: {
        metric: { name: "queue", selector: { matchLabels: { q: "a" } } },
        target: { type: "AverageValue", averageValue: "10" },
      },
    },
    path: "/apis/external.metrics.k8s.io/v1beta1/namespaces/a/queue?labelSelector=q=a",
    value: "30",
    current: { external: { current: { averageValue: "15" } } },
  },
  {
    of: "pods",
    metric: {
      type: "Pods",
      pods: { metric: { name: "requests" }, target: { type: "AverageValue", averageValue: "1" } },
    },
    path: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/a/pods/*/requests?labelSelector=app=x",
    value: "1500m",
    current: { pods: { current: { averageValue: "1500m" } } },
  },
  {
    of: "an object",
    metric: {
      type: "Object",
      object: {
        describedObject: { apiVersion: "apps/v1", kind: "Deployment", name: "front" },
        metric: { name: "hits" },
        target: { type: "Value", value: "2" },
      },
    },
    path: "/apis/custom.metrics.k8s.io/v1beta2/namespaces/a/deployments.apps/front/hits",
    value: "3",
    current: { object: { current: { value: "3" } } },
  },
])("scales by a metric of $of", async ({ metric, path, value, current }) => {
  const asked: string[] = [];
  const { harness, scale, create, status } = await start((request) => {
    if (request === "/apis/custom.metrics.k8s.io")
      return { versions: [{ version: "v1beta2" }, { version: "v1beta1" }] };
    asked.push(request);
    const names = request.includes("pods/*") ? ["p1", "p2"] : ["x"];
    return { items: names.map((name) => ({ describedObject: { name }, timestamp: "2026-01-01T00:00:00Z", value })) };
  });
  await create({ metrics: [metric] });
  await harness.settle();
  expect(asked).toEqual([path]);
  expect(scale.replicas).toBe(3);
  expect(status()?.currentMetrics).toMatchObject([current]);
});

it("says of each metric why it cannot be had, and of the first in the condition", async () => {
  const { harness, create, status } = await start(() => {
    throw unknownPath();
  });
  const target = { type: "AverageValue", averageValue: "1" };
  const metrics = [
    { type: "External", external: { metric: { name: "queue" }, target } },
    { type: "Pods", pods: { metric: { name: "requests" }, target } },
  ];
  await create({ metrics });
  await harness.settle();
  const external =
    "failed to get queue external metric: unable to get external metric a/queue/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue.external.metrics.k8s.io)";
  expect(harness.events).toEqual([
    `Warning FailedGetExternalMetric ${external}`,
    "Warning FailedGetPodsMetric unable to get metric requests: unable to fetch metrics from custom metrics API: no custom metrics API (custom.metrics.k8s.io) registered",
    `Warning FailedComputeMetricsReplicas invalid metrics (2 invalid out of 2), first error is: failed to get queue external metric value: ${external}`,
  ]);
  expect(status()?.currentMetrics).toEqual([{ type: "" }, { type: "" }]);
});

it("scales whatever has a scale subresource, and says so of what has none", async () => {
  const { harness, scale, create, condition } = await start((path) => {
    if (!path.startsWith("/api")) return {};
    if (path === "/api") return { items: [] };
    if (path !== "/apis") return podMetrics("100m");
    const resources = [
      { resource: "rollouts", responseKind: { kind: "Rollout" }, scope: "Namespaced", verbs: ["get", "list"] },
    ];
    return { items: [{ metadata: { name: "example.com" }, versions: [{ version: "v1", resources }] }] };
  });
  await create({ scaleTargetRef: { apiVersion: "example.com/v1", kind: "Rollout", name: "r" } });
  await harness.settle();
  expect(scale).toEqual({ path: "/apis/example.com/v1/namespaces/a/rollouts/r/scale", replicas: 4 });
  const client = harness.api.client.of(horizontalPodAutoscalers);
  await client.delete("h", { namespace: "a" });
  await create({ scaleTargetRef: { apiVersion: "example.com/v1", kind: "Nothing", name: "r" } });
  await harness.settle();
  expect(condition("AbleToScale")).toMatchObject({
    status: "False",
    reason: "FailedGetScale",
    message:
      'the HPA controller was unable to get the target\'s current scale: no matches for kind "Nothing" in group "example.com"',
  });
});

it("refuses pods that another autoscaler sizes too", async () => {
  const { harness, create } = await start(() => podMetrics("50m"));
  await create();
  await create({}, "other");
  await harness.settle();
  expect(harness.events).toContain(
    "Warning AmbiguousSelector pods by selector app=x are controlled by multiple HPAs: [{h a} {other a}]",
  );
});

describe("behaviour", () => {
  const memory = (): ScaleMemory => ({ recommendations: [], events: [] });
  const wide = { spec: { ...autoscaler.spec, maxReplicas: 100 } } as HorizontalPodAutoscaler;
  const behaving = (behavior: object) => ({ spec: { ...wide.spec, behavior } }) as HorizontalPodAutoscaler;
  const up = {
    stabilizationWindowSeconds: 0,
    selectPolicy: "Max",
    policies: [
      { type: "Pods", value: 4, periodSeconds: 15 },
      { type: "Percent", value: 100, periodSeconds: 15 },
    ],
  };
  const down = { selectPolicy: "Max", policies: [{ type: "Percent", value: 100, periodSeconds: 15 }] };

  it.each([
    ["at most to four at first", wide, 50, 1, 4, "ScaleUpLimit"],
    ["at most to twice as many", wide, 50, 7, 14, "ScaleUpLimit"],
    ["at most to the maximum", autoscaler, 50, 4, 5, "TooManyReplicas"],
    ["at least to the minimum", { spec: { ...wide.spec, minReplicas: 2 } }, 1, 4, 2, "TooFewReplicas"],
    ["by what policies allow", behaving({ scaleUp: up, scaleDown: down }), 50, 2, 6, "ScaleUpLimit"],
    [
      "not at all where that is disabled",
      behaving({ scaleUp: { ...up, selectPolicy: "Disabled" }, scaleDown: down }),
      9,
      2,
      2,
      "ScaleUpLimit",
    ],
    ["freely within bounds", wide, 3, 2, 3, "DesiredWithinRange"],
  ] as [string, HorizontalPodAutoscaler, number, number, number, string][])(
    "goes %s",
    (_, one, wanted, current, replicas, reason) => {
      const settled = settle(one, wanted, current, memory(), 0);
      expect(settled).toMatchObject({ replicas, limited: { reason, holds: reason !== "DesiredWithinRange" } });
    },
  );

  it("counts what was changed in a policy's period", () => {
    const one = behaving({
      scaleUp: { ...up, policies: [{ type: "Pods", value: 3, periodSeconds: 60 }] },
      scaleDown: down,
    });
    const history: ScaleMemory = { recommendations: [], events: [{ at: 0, change: 2 }] };
    expect(settle(one, 10, 4, history, 30_000).replicas).toBe(5);
    expect(settle(one, 10, 4, history, 90_000).replicas).toBe(7);
  });

  it.each([
    ["without a behavior", wide],
    ["with one that names no window", behaving({ scaleUp: up, scaleDown: down })],
  ])("shrinks only when no recommendation of five minutes asked for more, %s", (_, one) => {
    const history = memory();
    settle(one, 4, 4, history, 0);
    expect(settle(one, 1, 4, history, 100_000)).toMatchObject({
      replicas: 4,
      steadied: { reason: "ScaleDownStabilized" },
    });
    expect(settle(one, 1, 4, history, 301_000)).toMatchObject({
      replicas: 1,
      steadied: { reason: "ReadyForNewScale" },
    });
  });
});
