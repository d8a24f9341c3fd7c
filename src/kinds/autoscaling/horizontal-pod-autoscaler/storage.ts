/**
 * autoscaling/v1 is a view of the stored autoscaling/v2 object: its one CPU percentage is a metric there, and what v1
 * has no fields for travels in annotations, so that a read and a write back lose nothing.
 */
import type { SharedStorage } from "../../../machinery/kind.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import type { HorizontalPodAutoscaler as AutoscalerV1 } from "../../generated/autoscaling-v1.ts";
import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from "../../generated/autoscaling-v2.ts";
import { defaultUtilization } from "./defaults.ts";
import { metricFromV1, metricStatusFromV1, metricStatusToV1, metricToV1 } from "./metric-conversion.ts";

const prefix = "autoscaling.alpha.kubernetes.io";
const annotations = {
  metrics: `${prefix}/metrics`,
  currentMetrics: `${prefix}/current-metrics`,
  conditions: `${prefix}/conditions`,
  behavior: `${prefix}/behavior`,
} as const;

const isCpuUtilization = ({ type, resource }: MetricSpec): boolean =>
  type === "Resource" && resource?.name === "cpu" && resource.target.averageUtilization !== undefined;

const cpuMetric = (averageUtilization: number): MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});

export const storage: SharedStorage = {
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  toStorage: (object) => autoscalerFromV1(object as unknown as AutoscalerV1) as unknown as UnknownObject,
  fromStorage: (object) => autoscalerToV1(object as unknown as HorizontalPodAutoscaler) as unknown as UnknownObject,
};

export function autoscalerFromV1(object: AutoscalerV1): HorizontalPodAutoscaler {
  const given = object.metadata?.annotations ?? {};
  const { targetCPUUtilizationPercentage, ...spec } = object.spec ?? {};
  const cpu = targetCPUUtilizationPercentage === undefined ? [] : [cpuMetric(targetCPUUtilizationPercentage)];
  const others = (readList(given[annotations.metrics]) ?? []).map(metricFromV1);
  const metrics = [...others, ...cpu];
  const behavior = readJson(given[annotations.behavior]);
  return {
    ...object,
    apiVersion: "autoscaling/v2",
    metadata: { ...object.metadata, annotations: withoutRoundTrip(given) },
    spec: {
      ...spec,
      metrics: metrics.length === 0 ? [cpuMetric(defaultUtilization)] : metrics,
      ...(behavior === undefined ? {} : { behavior }),
    },
    ...(object.status === undefined ? {} : { status: statusFromV1(object.status, given) }),
  };
}

function statusFromV1(
  { currentCPUUtilizationPercentage, ...status }: NonNullable<AutoscalerV1["status"]>,
  given: Readonly<Record<string, string>>,
): NonNullable<HorizontalPodAutoscaler["status"]> {
  const metrics = readList(given[annotations.currentMetrics])?.map(metricStatusFromV1);
  const conditions = readList(given[annotations.conditions]);
  const cpu: MetricStatus[] =
    currentCPUUtilizationPercentage === undefined
      ? []
      : [
          {
            type: "Resource",
            resource: { name: "cpu", current: { averageUtilization: currentCPUUtilizationPercentage } },
          },
        ];
  return {
    ...status,
    currentMetrics: metrics ?? cpu,
    ...(conditions === undefined
      ? {}
      : { conditions: conditions as unknown as NonNullable<HorizontalPodAutoscaler["status"]>["conditions"] }),
  };
}

export function autoscalerToV1(object: HorizontalPodAutoscaler): AutoscalerV1 {
  const { metrics = [], behavior, ...spec } = object.spec ?? {};
  const { currentMetrics = [], conditions = [], ...status } = object.status ?? { desiredReplicas: 0 };
  const carried: Record<string, string> = withoutRoundTrip(object.metadata?.annotations ?? {});
  const others = metrics.filter((metric) => !isCpuUtilization(metric));
  if (others.length > 0) carried[annotations.metrics] = JSON.stringify(others.map(metricToV1));
  if (currentMetrics.length > 0) {
    carried[annotations.currentMetrics] = JSON.stringify(currentMetrics.map(metricStatusToV1));
  }
  if (behavior !== undefined) carried[annotations.behavior] = JSON.stringify(behavior);
  if (conditions.length > 0) carried[annotations.conditions] = JSON.stringify(conditions);
  const target = metrics.find(isCpuUtilization)?.resource?.target.averageUtilization;
  const current = currentMetrics.findLast(({ resource }) => resource?.name === "cpu")?.resource?.current;
  return {
    ...object,
    apiVersion: "autoscaling/v1",
    metadata: { ...object.metadata, ...(Object.keys(carried).length > 0 ? { annotations: carried } : {}) },
    spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: {
      ...status,
      currentReplicas: status.currentReplicas ?? 0,
      ...(current?.averageUtilization === undefined
        ? {}
        : { currentCPUUtilizationPercentage: current.averageUtilization }),
    },
  };
}

function withoutRoundTrip(given: Readonly<Record<string, string>>): Record<string, string> {
  const dropped: readonly string[] = Object.values(annotations);
  return Object.fromEntries(Object.entries(given).filter(([key]) => !dropped.includes(key)));
}

/** Upstream, too, ignores an annotation that is no JSON: a user may have written anything there. */
function readJson(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function readList(text: string | undefined): Record<string, unknown>[] | undefined {
  const value: unknown = readJson(text);
  return Array.isArray(value) ? (value as Record<string, unknown>[]) : undefined;
}
