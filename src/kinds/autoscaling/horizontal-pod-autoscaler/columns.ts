import type { Column } from "../../../machinery/kind.ts";
import { ageColumn, nameColumn } from "../../column-parts.ts";
import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "../../generated/autoscaling-v2.ts";

const unknown = "<unknown>";
const shownMetrics = 2;

const percent = (value: number | undefined, missing: string): string => (value === undefined ? missing : `${value}%`);

function resourceTarget(name: string, target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${name}: ${current?.averageValue ?? unknown}/${target.averageValue}`;
  const now = percent(current?.averageUtilization, unknown);
  return `${name}: ${now}/${percent(target.averageUtilization, "<auto>")}`;
}

function valueTarget(target: MetricTarget, current: MetricValueStatus | undefined): string {
  if (target.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
  return `${current?.value ?? unknown}/${target.value ?? "<nil>"}`;
}

function formatMetric(spec: MetricSpec, status: MetricStatus | undefined): string {
  const { external, pods, object, resource, containerResource } = spec;
  if (spec.type === "External" && external) return valueTarget(external.target, status?.external?.current);
  if (spec.type === "Object" && object) return valueTarget(object.target, status?.object?.current);
  if (spec.type === "Pods" && pods) {
    return `${status?.pods?.current.averageValue ?? unknown}/${pods.target.averageValue ?? "<nil>"}`;
  }
  if (spec.type === "Resource" && resource) {
    return resourceTarget(resource.name, resource.target, status?.resource?.current);
  }
  if (spec.type === "ContainerResource" && containerResource) {
    return resourceTarget(containerResource.name, containerResource.target, status?.containerResource?.current);
  }
  return "<unknown type>";
}

function targets({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return "<none>";
  const list = metrics.map((metric, index) => formatMetric(metric, status?.currentMetrics?.[index]));
  const shown = list.slice(0, shownMetrics).join(", ");
  return list.length > shownMetrics ? `${shown} + ${list.length - shownMetrics} more...` : shown;
}

export const horizontalPodAutoscalerColumns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn(),
  {
    name: "Reference",
    type: "string",
    value: ({ spec }) => `${spec?.scaleTargetRef?.kind ?? ""}/${spec?.scaleTargetRef?.name ?? ""}`,
  },
  { name: "Targets", type: "string", value: targets },
  { name: "MinPods", type: "string", value: ({ spec }) => String(spec?.minReplicas ?? "<unset>") },
  { name: "MaxPods", type: "string", value: ({ spec }) => spec?.maxReplicas ?? 0 },
  { name: "Replicas", type: "string", value: ({ status }) => status?.currentReplicas ?? 0 },
  ageColumn(),
];
