/** GET and LIST of nodes.metrics.k8s.io and pods.metrics.k8s.io. */
import { formatTime } from "../../lib/clock.ts";
import { methodNotAllowed, notFound } from "../../machinery/errors/status-error.ts";
import { Quantity } from "../../machinery/quantity.ts";
import type { ResourceRegistry, ServedResource } from "../registry/resources.ts";
import { selectionOf } from "../registry/selection.ts";
import { answer } from "../subresources/subject.ts";
import type { SubresourceHandler, SubresourceRequest, SubresourceResult } from "../types.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import { formatDuration } from "./duration.ts";
import type { Measurement, UsageHistory } from "./history.ts";
import { apiVersion, group, type NodeMetrics, type PodMetrics, type Usage } from "./kinds.ts";
import type { Scraper } from "./scraper.ts";

export interface MetricsSources {
  readonly resources: ResourceRegistry;
  readonly history: UsageHistory;
  readonly scraper: Pick<Scraper, "refresh">;
}

/** How one of the two resources is made of the objects that it measures. */
interface MetricsResource {
  readonly plural: "nodes" | "pods";
  readonly kind: "NodeMetrics" | "PodMetrics";
  /** What is not there, in metrics-server's words. */
  readonly missing: "node" | "pods";
  /** Of the measured objects, those that can have metrics. */
  readonly fieldSelector: string;
  /** Undefined while there are no figures. */
  measure(object: CachedObject, measured: ServedResource): NodeMetrics | PodMetrics | undefined;
}

export function nodeMetricsHandler({ history, ...sources }: MetricsSources): SubresourceHandler {
  return handlerOf(sources, {
    plural: "nodes",
    kind: "NodeMetrics",
    missing: "node",
    fieldSelector: "",
    measure: (node) => {
      const measurement = history.ofNode(node.name);
      return measurement && { metadata: metadataOf(node), ...intervalOf(measurement), usage: usageOf(measurement) };
    },
  });
}

/** The interval of a pod is that of the container which was looked at first. */
export function podMetricsHandler({ history, ...sources }: MetricsSources): SubresourceHandler {
  return handlerOf(sources, {
    plural: "pods",
    kind: "PodMetrics",
    missing: "pods",
    fieldSelector: "status.phase=Running",
    measure: (pod, { kind }) => {
      const measured = history.ofPod(pod.field(kind, "spec.nodeName"), pod.namespace, pod.name);
      const earliest = [...(measured?.values() ?? [])].sort((a, b) => a.at - b.at)[0];
      if (measured === undefined || earliest === undefined) return undefined;
      const containers = [...measured].map(([name, measurement]) => ({ name, usage: usageOf(measurement) }));
      return { metadata: metadataOf(pod), ...intervalOf(earliest), containers };
    },
  });
}

function handlerOf({ resources, scraper }: Omit<MetricsSources, "history">, own: MetricsResource): SubresourceHandler {
  const { plural, kind } = own;

  function find({ info }: SubresourceRequest, measured: ServedResource): NodeMetrics | PodMetrics {
    const object = measured.get(info.namespace, info.name);
    const { matches } = selectionOf(measured, "", own.fieldSelector);
    if (object === undefined || !matches(object)) throw notFound({ group: "", plural: own.missing }, info.name);
    const metrics = own.measure(object, measured);
    if (metrics !== undefined) return metrics;
    const name = info.namespace === "" ? info.name : `${info.namespace}/${info.name}`;
    throw notFound({ group, plural: kind.toLowerCase() }, name);
  }

  function list({ info }: SubresourceRequest, measured: ServedResource): (NodeMetrics | PodMetrics)[] {
    const fields = [own.fieldSelector, info.query.get("fieldSelector") ?? ""].filter((one) => one !== "").join(",");
    const { matches } = selectionOf(measured, info.query.get("labelSelector") ?? "", fields);
    return measured.cache
      .list(measured.prefix(info.namespace))
      .filter(matches)
      .map((object) => own.measure(object, measured))
      .filter((metrics) => metrics !== undefined);
  }

  return {
    group,
    plural,
    subresource: "",
    async handle(request): Promise<SubresourceResult> {
      const { verb } = request.info;
      if (verb !== "get" && verb !== "list") throw methodNotAllowed();
      const measured = resources.find("", "v1", plural);
      if (measured === undefined) throw methodNotAllowed();
      await scraper.refresh();
      if (verb === "get") return answer(200, { kind, apiVersion, ...find(request, measured) });
      return answer(200, { kind: `${kind}List`, apiVersion, metadata: {}, items: list(request, measured) });
    },
  };
}

const metadataOf = ({ name, namespace, labels }: CachedObject): NodeMetrics["metadata"] => ({
  name,
  ...(namespace === "" ? {} : { namespace }),
  creationTimestamp: formatTime(Date.now()),
  ...(labels === undefined ? {} : { labels: { ...labels } }),
});

const intervalOf = ({ at, windowMs }: Measurement): { timestamp: string; window: string } => ({
  timestamp: formatTime(at),
  window: formatDuration(windowMs),
});

const usageOf = ({ nanocores, memoryBytes }: Measurement): Usage => ({
  cpu: new Quantity(BigInt(nanocores)).toString(),
  memory: Quantity.of(memoryBytes, "BinarySI").toString(),
});
