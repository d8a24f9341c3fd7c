/** What each metric of an autoscaler calls for: reads it, counts replicas, and says both in the status' words. */
import type { Client } from "../../client/types.ts";
import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from "../../kinds/generated/autoscaling-v2.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { parseQuantity, Quantity } from "../../machinery/quantity.ts";
import { messageOf } from "../framework/failures.ts";
import { readExternalMetric, readObjectMetric, readPodsMetric, readResourceMetric } from "./metrics-client.ts";
import {
  countByShare,
  countByTotal,
  countByUtilization,
  countByValue,
  type Measured,
  type Tolerances,
} from "./replica-count.ts";

export interface Proposal {
  readonly replicas: number;
  readonly status: MetricStatus;
  /** `cpu resource utilization (percentage of request)`, for events and conditions. */
  readonly name: string;
}

/** A metric that cannot be had now. */
export class MetricError extends Error {
  /** Of the event and the condition. */
  readonly reason: string;
  /** The message with the kind of metric before it. */
  readonly summary: string;

  constructor(reason: string, summary: string, cause: unknown) {
    super(messageOf(cause), { cause });
    this.name = "MetricError";
    this.reason = reason;
    this.summary = `${summary}: ${this.message}`;
  }
}

export interface Target {
  readonly namespace: string;
  readonly selector: string;
  readonly pods: readonly Pod[];
  readonly currentReplicas: number;
  readonly statusReplicas: number;
  readonly tolerances: Tolerances;
  readonly now: number;
}

/** How many replicas one metric calls for. Rejects with MetricError. */
export async function propose(metric: MetricSpec, target: Target, client: Client): Promise<Proposal> {
  const { resource, containerResource, pods, object, external } = metric;
  if (resource) {
    return blame("FailedGetResourceMetric", `failed to get ${resource.name} resource metric value`, async () => {
      const { current, replicas, name } = await ofResource({ ...resource, target: resource.target }, target, client);
      return { replicas, name, status: { type: metric.type, resource: { name: resource.name, current } } };
    });
  }
  if (containerResource) {
    const { container, name: measured } = containerResource;
    const summary = `failed to get ${container} container metric value`;
    return blame("FailedGetContainerResourceMetric", summary, async () => {
      const { current, replicas, name } = await ofResource(containerResource, target, client);
      return {
        replicas,
        name,
        status: { type: metric.type, containerResource: { container, name: measured, current } },
      };
    });
  }
  if (pods) {
    return blame("FailedGetPodsMetric", "failed to get pods metric value", async () => {
      const metrics = await prefix(`unable to get metric ${pods.metric.name}`, () =>
        readPodsMetric(client, pods.metric, target),
      );
      const { replicas, average } = countByValue({ ...target, metrics }, milli(pods.target.averageValue));
      const current = { averageValue: decimal(average) };
      return {
        replicas,
        name: `pods metric ${pods.metric.name}`,
        status: { type: metric.type, pods: { metric: identify(pods.metric), current } },
      };
    });
  }
  if (object) {
    return blame("FailedGetObjectMetric", "failed to get object metric value", async () => {
      const { describedObject } = object;
      const { current, replicas } = await ofObject(object, target, client);
      const name = current.value === undefined ? externalName(object.metric) : objectName(object);
      const status = { type: metric.type, object: { describedObject, metric: identify(object.metric), current } };
      return { replicas, name, status };
    });
  }
  if (external) {
    const summary = `failed to get ${external.metric.name} external metric value`;
    return blame("FailedGetExternalMetric", summary, async () => {
      const { current, replicas } = await ofExternal(external, target, client);
      const status = { type: metric.type, external: { metric: identify(external.metric), current } };
      return { replicas, name: externalName(external.metric), status };
    });
  }
  const unknown = new Error(`unknown metric source type ${JSON.stringify(metric.type)}`);
  throw new MetricError("InvalidMetricSourceType", "invalid metric", unknown);
}

interface Found {
  readonly replicas: number;
  readonly current: MetricValueStatus;
}

async function ofResource(
  source: { readonly name: string; readonly container?: string; readonly target: MetricTarget },
  target: Target,
  client: Client,
): Promise<Found & { readonly name: string }> {
  const { name: resource, container, target: wanted } = source;
  const { averageValue, averageUtilization } = wanted;
  const read = async (): Promise<Measured> => {
    const pods = { namespace: target.namespace, selector: target.selector };
    const metrics = await prefix(`unable to get metrics for resource ${resource}`, () =>
      readResourceMetric(client, { resource, container, ...pods }),
    );
    return { ...target, metrics };
  };
  const format = resource === "memory" ? "BinarySI" : "DecimalSI";
  const quantity = (value: number): string => Quantity.ofMilli(value, format).toString();
  if (averageValue !== undefined) {
    return prefix(`failed to get ${resource} usage`, async () => {
      const { replicas, average } = countByValue(await read(), milli(averageValue), resource);
      return { replicas, current: { averageValue: quantity(average) }, name: `${resource} resource` };
    });
  }
  if (averageUtilization === undefined) {
    throw new Error(
      "invalid resource metric source: neither an average utilization target nor an average value (usage) target was set",
    );
  }
  return prefix(`failed to get ${resource} utilization`, async () => {
    const by = { target: averageUtilization, resource, container };
    const { replicas, average, utilization = 0 } = countByUtilization(await read(), by);
    const kind = container === undefined ? "resource" : "container resource";
    return {
      replicas,
      current: { averageUtilization: utilization, averageValue: quantity(average) },
      name: `${resource} ${kind} utilization (percentage of request)`,
    };
  });
}

interface ObjectSource {
  readonly describedObject: CrossVersionObjectReference;
  readonly metric: MetricIdentifier;
  readonly target: MetricTarget;
}

function ofObject({ describedObject, metric, target: wanted }: ObjectSource, target: Target, client: Client) {
  const { namespace } = target;
  const read = (): Promise<number> =>
    readObjectMetric(client, metric, describedObject, namespace).catch((cause: unknown) => {
      // The order of words is upstream's.
      const place = `${describedObject.kind} on ${namespace} ${describedObject.name}`;
      throw new Error(`unable to get metric ${metric.name}: ${place}/${messageOf(cause)}`, { cause });
    });
  if (wanted.type === "Value" && wanted.value !== undefined) return ofTotal(read, milli(wanted.value), target);
  if (wanted.type === "AverageValue" && wanted.averageValue !== undefined) {
    const share = milli(wanted.averageValue);
    return prefix(`failed to get ${metric.name} object metric`, () => ofShare(read, share, target));
  }
  throw new Error("invalid object metric source: neither a value target nor an average value target was set");
}

function ofExternal(
  { metric, target: wanted }: { readonly metric: MetricIdentifier; readonly target: MetricTarget },
  target: Target,
  client: Client,
): Promise<Found> {
  const { namespace } = target;
  const read = async (): Promise<number> => {
    const values = await prefix(`unable to get external metric ${namespace}/${metric.name}/${describe(metric)}`, () =>
      readExternalMetric(client, metric, namespace),
    );
    return values.reduce((sum, value) => sum + value, 0);
  };
  const { averageValue, value } = wanted;
  if (averageValue !== undefined) {
    return prefix(`failed to get ${metric.name} external metric`, () => ofShare(read, milli(averageValue), target));
  }
  if (value !== undefined) {
    return prefix(`failed to get external metric ${metric.name}`, () => ofTotal(read, milli(value), target));
  }
  throw new Error("invalid external metric source: neither a value target nor an average value target was set");
}

async function ofTotal(read: () => Promise<number>, wanted: number, target: Target): Promise<Found> {
  const value = await read();
  const replicas = countByTotal(value, wanted, { ...target, metrics: new Map() });
  return { replicas, current: { value: decimal(value) } };
}

async function ofShare(read: () => Promise<number>, wanted: number, target: Target): Promise<Found> {
  const { replicas, average } = countByShare(await read(), wanted, target);
  return { replicas, current: { averageValue: decimal(average) } };
}

const milli = (text: string | undefined): number => parseQuantity(text ?? "0").milliValue();
const decimal = (value: number): string => Quantity.ofMilli(value).toString();

const identify = ({ name, selector }: MetricIdentifier): MetricIdentifier =>
  selector === undefined ? { name } : { name, selector };

const objectName = ({ describedObject, metric }: ObjectSource): string =>
  `${describedObject.kind} metric ${metric.name}`;
const externalName = (metric: MetricIdentifier): string => `external metric ${metric.name}(${describe(metric)})`;

/** As Go prints a pointer to a LabelSelector. */
function describe({ selector }: MetricIdentifier): string {
  if (selector === undefined) return "nil";
  const labels = Object.entries(selector.matchLabels ?? {}).map(([key, value]) => `${key}: ${value},`);
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join("")}},MatchExpressions:[]LabelSelectorRequirement{},}`;
}

async function prefix<T>(text: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(`${text}: ${messageOf(cause)}`, { cause });
  }
}

async function blame<T>(reason: string, summary: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new MetricError(reason, summary, cause);
  }
}
