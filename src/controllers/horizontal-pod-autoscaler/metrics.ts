import { withQuery } from "../../client/paths.ts";
import type { MetricSpec, MetricStatus, MetricTarget } from "../../kinds/generated/autoscaling-v2.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { parseQuantity, Quantity } from "../../machinery/quantity.ts";
import { metaOf } from "../framework/controller-reference.ts";
import type { ControllerContext } from "../framework/define-controller.ts";
import { isPodReady } from "../framework/pods.ts";

/** Upstream's horizontal-pod-autoscaler-tolerance: smaller deviations change nothing. */
const tolerance = 0.1;

export interface Proposal {
  readonly replicas: number;
  readonly status: MetricStatus;
  /** `cpu resource utilization (percentage of request)`, for events and conditions. */
  readonly name: string;
}

/** A metric that cannot be had now; the reason is the condition's. */
export class MetricError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "MetricError";
    this.reason = reason;
  }
}

interface PodMetricsList {
  readonly items?: readonly {
    readonly metadata: { readonly name: string };
    readonly containers: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
  }[];
}

export interface Target {
  readonly namespace: string;
  readonly selector: string;
  readonly pods: readonly Pod[];
  readonly currentReplicas: number;
}

/** How many replicas one metric calls for. Resource and ContainerResource metrics are known, by metrics.k8s.io. */
export async function propose(metric: MetricSpec, target: Target, context: ControllerContext): Promise<Proposal> {
  const source = metric.resource ?? metric.containerResource;
  if (source === undefined) {
    throw new MetricError(
      "InvalidMetricSourceType",
      `metric source type ${metric.type} is not supported: no adapter serves its API`,
    );
  }
  const usage = await readUsage(source.name, metric.containerResource?.container, target, context);
  const measured = target.pods.filter((pod) => isPodReady(pod) && usage.has(metaOf(pod).name));
  if (measured.length === 0) {
    throw new MetricError(
      "FailedGetResourceMetric",
      "did not receive metrics for targeted pods (pods might be unready)",
    );
  }
  const used = measured.reduce((sum, pod) => sum + (usage.get(metaOf(pod).name) ?? 0), 0);
  const missing = target.pods.filter((pod) => pod.status?.phase !== "Failed" && !measured.includes(pod)).length;
  const { ratio, current } = compare(source.name, metric.containerResource?.container, source.target, measured, used);
  // What is not measured counts against moving: as idle when growing, as loaded when shrinking.
  const cautious =
    ratio > 1
      ? (ratio * measured.length) / (measured.length + missing)
      : (ratio * measured.length + missing) / (measured.length + missing);
  const steady = Math.abs(ratio - 1) <= tolerance || Math.abs(cautious - 1) <= tolerance || ratio > 1 !== cautious > 1;
  const replicas = steady ? target.currentReplicas : Math.ceil(cautious * (measured.length + missing));
  const detail = source.target.averageUtilization === undefined ? "" : " utilization (percentage of request)";
  const status: MetricStatus = metric.containerResource
    ? {
        type: metric.type,
        containerResource: { container: metric.containerResource.container, name: source.name, current },
      }
    : { type: metric.type, resource: { name: source.name, current } };
  return { replicas, status, name: `${source.name} resource${detail}` };
}

/** Pod name to use, in thousandths of the resource's unit. */
async function readUsage(
  resource: string,
  container: string | undefined,
  target: Target,
  context: ControllerContext,
): Promise<Map<string, number>> {
  const path = withQuery(`/apis/metrics.k8s.io/v1beta1/namespaces/${target.namespace}/pods`, {
    labelSelector: target.selector,
  });
  let list: PodMetricsList;
  try {
    list = await context.client.request<PodMetricsList>("GET", path);
  } catch (cause) {
    const message = `unable to get metrics for resource ${resource}: unable to fetch metrics from resource metrics API: ${(cause as Error).message}`;
    throw new MetricError("FailedGetResourceMetric", message, { cause });
  }
  const usage = new Map<string, number>();
  for (const { metadata, containers } of list.items ?? []) {
    const chosen = containers.filter(({ name }) => container === undefined || name === container);
    const sum = chosen.reduce((total, one) => total + parseQuantity(one.usage[resource] ?? "0").milliValue(), 0);
    usage.set(metadata.name, sum);
  }
  return usage;
}

type Current = NonNullable<MetricStatus["resource"]>["current"];

function compare(
  resource: string,
  container: string | undefined,
  target: MetricTarget,
  measured: readonly Pod[],
  used: number,
): { ratio: number; current: Current } {
  const averageValue = Quantity.ofMilli(Math.round(used / measured.length)).toString();
  if (target.averageUtilization === undefined) {
    const wanted = parseQuantity(target.averageValue ?? "0").milliValue();
    return { ratio: used / measured.length / wanted, current: { averageValue } };
  }
  let requested = 0;
  for (const pod of measured) {
    for (const { name, resources } of pod.spec?.containers ?? []) {
      if (container !== undefined && name !== container) continue;
      const request = resources?.requests?.[resource];
      if (request === undefined) {
        throw new MetricError(
          "FailedGetResourceMetric",
          `failed to get ${resource} utilization: missing request for ${resource} in container ${name} of Pod ${metaOf(pod).name}`,
        );
      }
      requested += parseQuantity(request).milliValue();
    }
  }
  const averageUtilization = Math.floor((used * 100) / requested);
  return { ratio: averageUtilization / target.averageUtilization, current: { averageUtilization, averageValue } };
}
