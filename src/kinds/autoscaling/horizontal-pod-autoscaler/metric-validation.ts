/** The metrics that an autoscaler looks at: one source each, with a target that fits it. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../machinery/errors/field-error.ts";
import { parseQuantity } from "../../../machinery/quantity.ts";
import { isDns1123Label, isPathSegmentName } from "../../../machinery/validation/names.ts";
import { checkRequiredText, checkText } from "../../field-checks.ts";
import type {
  CrossVersionObjectReference,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from "../../generated/autoscaling-v2.ts";

/** [type, field]; the order in which upstream looks. */
const sources = [
  ["Object", "object"],
  ["External", "external"],
  ["Pods", "pods"],
  ["Resource", "resource"],
  ["ContainerResource", "containerResource"],
] as const;
const types = sources.map(([type]) => type).sort();

export function validateMetric(metric: MetricSpec, path: string): FieldError[] {
  const expected = sources.find(([type]) => type === metric.type)?.[1];
  const given = sources.map(([, field]) => field).filter((field) => metric[field] !== undefined);
  const errors: FieldError[] = [];
  if (!metric.type) errors.push(required(`${path}.type`, "must specify a metric source type"));
  if (expected === undefined) errors.push(notSupportedInOrder(`${path}.type`, metric.type ?? "", types));
  if (given.length > 0) errors.push(...validateSource(metric, path));
  if (expected !== undefined && metric[expected] === undefined) {
    errors.push(required(`${path}.${expected}`, "must populate information for the given metric source"));
  }
  if (given.length === 1) return errors;
  const others = given.filter((field) => field !== expected);
  return [
    ...errors,
    ...others.map((field) => forbiddenField(`${path}.${field}`, "must populate the given metric source only")),
  ];
}

function validateSource(metric: MetricSpec, path: string): FieldError[] {
  const { object, external, pods, resource, containerResource } = metric;
  if (object) {
    return [
      ...validateObjectReference(object.describedObject, `${path}.object.describedObject`),
      ...validateIdentifier(object.metric, `${path}.object.metric`),
      ...validateTarget(object.target, `${path}.object.target`),
      ...requireValue(object.target, `${path}.object.target`, "must set either a target value or averageValue"),
    ];
  }
  if (external) {
    const place = `${path}.external.target`;
    const both = external.target.value !== undefined && external.target.averageValue !== undefined;
    return [
      ...validateIdentifier(external.metric, `${path}.external.metric`),
      ...validateTarget(external.target, place),
      ...requireValue(external.target, place, "must set either a target value for metric or a per-pod target"),
      ...(both
        ? [forbiddenField(`${place}.value`, "may not set both a target value for metric and a per-pod target")]
        : []),
    ];
  }
  if (pods) {
    const detail = "must specify a positive target averageValue";
    return [
      ...validateIdentifier(pods.metric, `${path}.pods.metric`),
      ...validateTarget(pods.target, `${path}.pods.target`),
      ...(pods.target.averageValue === undefined ? [required(`${path}.pods.target.averageValue`, detail)] : []),
    ];
  }
  if (resource) return validateResource(resource, `${path}.resource`);
  if (!containerResource) return [];
  const container = `${path}.containerResource.container`;
  return [
    ...(containerResource.container
      ? checkText(container, containerResource.container, isDns1123Label)
      : [required(container, "must specify a container")]),
    ...validateResource(containerResource, `${path}.containerResource`),
  ];
}

function validateResource({ name, target }: { name: string; target: MetricTarget }, path: string): FieldError[] {
  const errors = name ? [] : [required(`${path}.name`, "must specify a resource name")];
  errors.push(...validateTarget(target, `${path}.target`));
  const { averageUtilization, averageValue } = target;
  if (averageUtilization === undefined && averageValue === undefined) {
    const detail = "must set either a target raw value or a target utilization";
    errors.push(required(`${path}.target.averageUtilization`, detail));
  }
  if (averageUtilization !== undefined && averageValue !== undefined) {
    const detail = "may not set both a target raw value and a target utilization";
    errors.push(forbiddenField(`${path}.target.averageValue`, detail));
  }
  return errors;
}

function requireValue({ value, averageValue }: MetricTarget, path: string, detail: string): FieldError[] {
  return value === undefined && averageValue === undefined ? [required(`${path}.averageValue`, detail)] : [];
}

function validateIdentifier({ name }: MetricIdentifier, path: string): FieldError[] {
  return name
    ? checkRequiredText(`${path}.name`, name, isPathSegmentName)
    : [required(`${path}.name`, "must specify a metric name")];
}

function validateTarget({ type, value, averageValue, averageUtilization }: MetricTarget, path: string): FieldError[] {
  const errors = type ? [] : [required(`${path}.type`, "must specify a metric target type")];
  if (!["Utilization", "Value", "AverageValue"].includes(type)) {
    errors.push(invalidValue(`${path}.type`, type ?? "", "must be either Utilization, Value, or AverageValue"));
  }
  for (const [field, amount] of Object.entries({ value, averageValue })) {
    if (amount === undefined || parseQuantity(amount).sign > 0) continue;
    errors.push(invalidValue(`${path}.${field}`, amount, "must be positive"));
  }
  if (averageUtilization !== undefined && averageUtilization < 1) {
    errors.push(invalidValue(`${path}.averageUtilization`, averageUtilization, "must be greater than 0"));
  }
  return errors;
}

export function validateObjectReference(
  reference: CrossVersionObjectReference | undefined,
  path: string,
): FieldError[] {
  return [
    ...checkRequiredText(`${path}.kind`, reference?.kind, isPathSegmentName),
    ...checkRequiredText(`${path}.name`, reference?.name, isPathSegmentName),
  ];
}
