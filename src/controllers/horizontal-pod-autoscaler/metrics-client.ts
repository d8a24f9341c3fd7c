/**
 * Reads the three metrics APIs: metrics.k8s.io, which the API server or a metrics-server serves, custom.metrics.k8s.io
 * and external.metrics.k8s.io, which adapters serve. Values are thousandths. Throws an Error with upstream's message.
 */

import { withQuery } from "../../client/paths.ts";
import type { Client } from "../../client/types.ts";
import type { CrossVersionObjectReference } from "../../kinds/generated/autoscaling-v2.ts";
import type { LabelSelector } from "../../kinds/generated/meta-v1.ts";
import { isNotFound, unknownPath } from "../../machinery/errors/status-error.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { parseApiVersion } from "../../machinery/meta/object.ts";
import { parseQuantity } from "../../machinery/quantity.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { messageOf } from "../framework/failures.ts";
import { findResource } from "./scale-target.ts";

export interface PodMetric {
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly windowMs: number;
}

export type PodMetrics = Map<string, PodMetric>;

interface PodMetricsList {
  readonly items?: readonly {
    readonly metadata: { readonly name: string };
    readonly timestamp?: string;
    readonly window?: string;
    readonly containers?: readonly { readonly name: string; readonly usage: Readonly<Record<string, string>> }[];
  }[];
}

interface MetricValueList {
  readonly items?: readonly {
    readonly describedObject?: { readonly name: string };
    readonly timestamp?: string;
    readonly windowSeconds?: number;
    readonly window?: number;
    readonly value: string;
  }[];
}

const defaultWindowMs = 60_000;

/** Of all pods that the selector finds, the use of a resource: of one container, or of the whole pod. */
export async function readResourceMetric(
  client: Client,
  { resource, container, ...pods }: { resource: string; container?: string | undefined } & SelectedPods,
): Promise<PodMetrics> {
  const path = withQuery(`/apis/metrics.k8s.io/v1beta1/namespaces/${pods.namespace}/pods`, {
    labelSelector: pods.selector,
  });
  const { items = [] } = await fetchFrom<PodMetricsList>(client, path, "resource");
  if (items.length === 0) throw new Error("no metrics returned from resource metrics API");
  const found: PodMetrics = new Map();
  for (const { metadata, timestamp = "", window = "", containers = [] } of items) {
    const chosen = containers.filter(({ name }) => container === undefined || name === container);
    const values = chosen.map(({ usage }) => valueAt(usage, resource));
    if (values.length === 0 || values.includes(undefined)) continue;
    const value = values.reduce((sum, text) => sum + parseQuantity(text ?? "0").milliValue(), 0);
    found.set(metadata.name, { value, at: Date.parse(timestamp), windowMs: parseDuration(window) });
  }
  return found;
}

export interface SelectedPods {
  readonly namespace: string;
  readonly selector: string;
}

/** A metric that describes each pod. */
export async function readPodsMetric(
  client: Client,
  metric: { readonly name: string; readonly selector?: LabelSelector | undefined },
  { namespace, selector }: SelectedPods,
): Promise<PodMetrics> {
  const root = await customMetricsRoot(client);
  const path = withQuery(`${root}/namespaces/${namespace}/pods/*/${metric.name}`, {
    labelSelector: selector,
    metricLabelSelector: selectorText(metric.selector),
  });
  const { items = [] } = await fetchFrom<MetricValueList>(client, path, "custom");
  if (items.length === 0) throw new Error("no metrics returned from custom metrics API");
  return new Map(
    items.map(({ describedObject, timestamp = "", windowSeconds, window, value }) => {
      const seconds = windowSeconds ?? window;
      const windowMs = seconds === undefined ? defaultWindowMs : seconds * 1000;
      return [
        describedObject?.name ?? "",
        { value: parseQuantity(value).milliValue(), at: Date.parse(timestamp), windowMs },
      ];
    }),
  );
}

/** A metric that describes one object. */
export async function readObjectMetric(
  client: Client,
  metric: { readonly name: string; readonly selector?: LabelSelector | undefined },
  object: CrossVersionObjectReference,
  namespace: string,
): Promise<number> {
  const { group } = parseApiVersion(object.apiVersion ?? "v1");
  const [root, resource] = await Promise.all([
    customMetricsRoot(client),
    findResource(client, { group, kind: object.kind }).catch((error: unknown) => {
      throw new Error(`unable to fetch metrics from custom metrics API: ${messageOf(error)}`, { cause: error });
    }),
  ]);
  const plural = group === "" ? resource.plural : `${resource.plural}.${group}`;
  const place =
    group === "" && object.kind === "Namespace"
      ? `namespaces/${namespace}/metrics`
      : `namespaces/${namespace}/${plural}/${object.name}`;
  const query = { metricLabelSelector: selectorText(metric.selector) };
  const path = withQuery(`${root}/${place}/${metric.name}`, query);
  const { items = [] } = await fetchFrom<MetricValueList>(client, path, "custom");
  const [only] = items;
  if (items.length !== 1 || only === undefined) {
    throw new Error(
      `unable to fetch metrics from custom metrics API: the custom metrics API server returned ${items.length} results when we asked for exactly one`,
    );
  }
  return parseQuantity(only.value).milliValue();
}

/** All values of a metric that describes nothing in the cluster. */
export async function readExternalMetric(
  client: Client,
  metric: { readonly name: string; readonly selector?: LabelSelector | undefined },
  namespace: string,
): Promise<number[]> {
  const root = "/apis/external.metrics.k8s.io/v1beta1";
  const query = { labelSelector: selectorText(metric.selector) };
  const path = withQuery(`${root}/namespaces/${namespace}/${metric.name}`, query);
  const { items = [] } = await fetchFrom<MetricValueList>(client, path, "external");
  if (items.length === 0) throw new Error("no metrics returned from external metrics API");
  return items.map(({ value }) => parseQuantity(value).milliValue());
}

type MetricsApi = "resource" | "custom" | "external";

/** Where nobody serves the path, client-go's words, which name what was asked for. */
async function fetchFrom<T>(client: Client, path: string, api: MetricsApi): Promise<T> {
  try {
    return await client.request<T>("GET", path);
  } catch (cause) {
    const nobody = isNotFound(cause) && messageOf(cause) === unknownPath().message;
    const resource = path.split("?")[0]?.split("/").at(-1);
    const asked = nobody ? ` (get ${resource}.${path.split("/")[2]})` : "";
    throw new Error(`unable to fetch metrics from ${api} metrics API: ${messageOf(cause)}${asked}`, { cause });
  }
}

/** In the newest version that the adapter serves. */
async function customMetricsRoot(client: Client): Promise<string> {
  const group = "custom.metrics.k8s.io";
  const { versions = [] } = await client
    .request<{ versions?: { version: string }[] }>("GET", `/apis/${group}`)
    .catch((cause: unknown) => {
      const message = isNotFound(cause) ? `no custom metrics API (${group}) registered` : messageOf(cause);
      throw new Error(`unable to fetch metrics from custom metrics API: ${message}`, { cause });
    });
  return `/apis/${group}/${versions.some(({ version }) => version === "v1beta2") ? "v1beta2" : "v1beta1"}`;
}

const selectorText = (selector: LabelSelector | undefined): string => labelSelectorFromObject(selector).toString();

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1, us: 1e-3, ns: 1e-6 };

/** Milliseconds of a duration as Go prints it. */
function parseDuration(text: string): number {
  const parts = text.replace("µs", "us").matchAll(/([\d.]+)(h|ms|us|ns|m|s)/g);
  return [...parts].reduce((sum, [, amount, unit = ""]) => sum + Number(amount) * (unitMs[unit] ?? 0), 0);
}
