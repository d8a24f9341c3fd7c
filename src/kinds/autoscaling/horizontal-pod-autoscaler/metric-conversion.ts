/** Metrics in the form that autoscaling/v1 keeps in annotations, to and from the form of autoscaling/v2. */
import type { MetricSpec, MetricStatus, MetricTarget, MetricValueStatus } from "../../generated/autoscaling-v2.ts";

type Flat = Record<string, unknown>;

const flat = (value: unknown): Flat => (typeof value === "object" && value !== null ? (value as Flat) : {});

function compact(fields: Flat): Flat {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null));
}

export function metricToV1({ type, resource, containerResource, pods, object, external }: MetricSpec): Flat {
  const resourceTarget = (target: MetricTarget): Flat => ({
    targetAverageUtilization: target.averageUtilization,
    targetAverageValue: target.averageValue,
  });
  return compact({
    type,
    resource: resource && compact({ name: resource.name, ...resourceTarget(resource.target) }),
    containerResource:
      containerResource &&
      compact({
        name: containerResource.name,
        container: containerResource.container,
        ...resourceTarget(containerResource.target),
      }),
    pods:
      pods &&
      compact({
        metricName: pods.metric.name,
        selector: pods.metric.selector,
        targetAverageValue: pods.target.averageValue,
      }),
    object:
      object &&
      compact({
        target: object.describedObject,
        metricName: object.metric.name,
        selector: object.metric.selector,
        targetValue: object.target.value ?? "0",
        averageValue: object.target.averageValue,
      }),
    external:
      external &&
      compact({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        targetValue: external.target.value,
        targetAverageValue: external.target.averageValue,
      }),
  });
}

export function metricFromV1(metric: Flat): MetricSpec {
  const { type, resource, containerResource, pods, object, external } = metric;
  const resourceTarget = (one: Flat): Flat =>
    compact({
      type: one["targetAverageUtilization"] === undefined ? "AverageValue" : "Utilization",
      averageUtilization: one["targetAverageUtilization"],
      averageValue: one["targetAverageValue"],
    });
  const named = (one: Flat, selector: string): Flat => compact({ name: one["metricName"], selector: one[selector] });
  const averaged = (one: Flat, average: string): Flat =>
    compact({
      type: one[average] === undefined ? "Value" : "AverageValue",
      value: one[average] !== undefined && one["targetValue"] === "0" ? undefined : one["targetValue"],
      averageValue: one[average],
    });
  return compact({
    type,
    resource: resource && { name: flat(resource)["name"], target: resourceTarget(flat(resource)) },
    containerResource: containerResource && {
      name: flat(containerResource)["name"],
      container: flat(containerResource)["container"],
      target: resourceTarget(flat(containerResource)),
    },
    pods: pods && {
      metric: named(flat(pods), "selector"),
      target: compact({ type: "AverageValue", averageValue: flat(pods)["targetAverageValue"] }),
    },
    object: object && {
      describedObject: flat(object)["target"],
      metric: named(flat(object), "selector"),
      target: averaged(flat(object), "averageValue"),
    },
    external: external && {
      metric: named(flat(external), "metricSelector"),
      target: averaged(flat(external), "targetAverageValue"),
    },
  }) as unknown as MetricSpec;
}

export function metricStatusToV1({ type, resource, containerResource, pods, object, external }: MetricStatus): Flat {
  const resourceValue = (current: MetricValueStatus): Flat => ({
    currentAverageUtilization: current.averageUtilization,
    currentAverageValue: current.averageValue ?? "0",
  });
  return compact({
    type,
    resource: resource && compact({ name: resource.name, ...resourceValue(resource.current) }),
    containerResource:
      containerResource &&
      compact({
        name: containerResource.name,
        container: containerResource.container,
        ...resourceValue(containerResource.current),
      }),
    pods:
      pods &&
      compact({
        metricName: pods.metric.name,
        selector: pods.metric.selector,
        currentAverageValue: pods.current.averageValue ?? "0",
      }),
    object:
      object &&
      compact({
        target: object.describedObject,
        metricName: object.metric.name,
        selector: object.metric.selector,
        currentValue: object.current.value ?? "0",
        averageValue: object.current.averageValue,
      }),
    external:
      external &&
      compact({
        metricName: external.metric.name,
        metricSelector: external.metric.selector,
        currentValue: external.current.value ?? "0",
        currentAverageValue: external.current.averageValue,
      }),
  });
}

export function metricStatusFromV1(metric: Flat): MetricStatus {
  const { type, resource, containerResource, pods, object, external } = metric;
  const resourceValue = (one: Flat): Flat =>
    compact({ averageUtilization: one["currentAverageUtilization"], averageValue: one["currentAverageValue"] });
  const named = (one: Flat, selector: string): Flat => compact({ name: one["metricName"], selector: one[selector] });
  return compact({
    type,
    resource: resource && { name: flat(resource)["name"], current: resourceValue(flat(resource)) },
    containerResource: containerResource && {
      name: flat(containerResource)["name"],
      container: flat(containerResource)["container"],
      current: resourceValue(flat(containerResource)),
    },
    pods: pods && {
      metric: named(flat(pods), "selector"),
      current: compact({ averageValue: flat(pods)["currentAverageValue"] }),
    },
    object: object && {
      describedObject: flat(object)["target"],
      metric: named(flat(object), "selector"),
      current: compact({ value: flat(object)["currentValue"], averageValue: flat(object)["averageValue"] }),
    },
    external: external && {
      metric: named(flat(external), "metricSelector"),
      current: compact({
        value: flat(external)["currentValue"],
        averageValue: flat(external)["currentAverageValue"],
      }),
    },
  }) as unknown as MetricStatus;
}
