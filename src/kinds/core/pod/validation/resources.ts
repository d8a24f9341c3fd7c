/** Requests and limits of containers and pods, and the names of resources. */

import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../../machinery/errors/field-error.ts";
import { valueAt } from "../../../../machinery/meta/accessors.ts";
import { parseQuantity } from "../../../../machinery/quantity.ts";
import { isQualifiedName } from "../../../../machinery/validation/names.ts";
import { checkText, isNegativeMessage } from "../../../field-checks.ts";
import type { PodSpec, ResourceRequirements } from "../../../generated/core-v1.ts";
import { aggregateContainerResources } from "../container-aggregation.ts";
import { isPodLevelResource } from "../pod-level-resources.ts";

const nanosPerUnit = 1_000_000_000n;
const standardContainerResources = ["cpu", "memory", "ephemeral-storage"];
const standardResources = [
  ...standardContainerResources,
  "requests.cpu",
  "requests.memory",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "storage",
  "requests.storage",
  "services.nodeports",
  "services.loadbalancers",
];
const integerResources = [
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
];

export const isHugePages = (name: string): boolean => name.startsWith("hugepages-");
export const isNativeResource = (name: string): boolean => !name.includes("/") || name.includes("kubernetes.io/");
export const isStandardResource = (name: string): boolean =>
  standardResources.includes(name) || isHugePages(name) || name.startsWith("requests.hugepages-");

/** A resource of a device plug-in: of a domain of its own, and short enough to get a quota's prefix. */
export function isExtendedResource(name: string): boolean {
  return !isNativeResource(name) && !name.startsWith("requests.") && isQualifiedName(`requests.${name}`).length === 0;
}

export const isIntegerResource = (name: string): boolean =>
  integerResources.includes(name) || isHugePages(name) || isExtendedResource(name);

export function validateResourceName(name: string, path: string): FieldError[] {
  const errors = checkText(path, name, isQualifiedName);
  if (errors.length > 0 || name.includes("/") || isStandardResource(name)) return errors;
  return [invalidValue(path, name, "must be a standard resource type or fully qualified")];
}

function validateContainerResourceName(name: string, path: string): FieldError[] {
  const errors = validateResourceName(name, path);
  if (!name.includes("/")) {
    return standardContainerResources.includes(name) || isHugePages(name)
      ? errors
      : [...errors, invalidValue(path, name, "must be a standard resource for containers")];
  }
  if (isNativeResource(name) || isExtendedResource(name)) return errors;
  return [...errors, invalidValue(path, name, "doesn't follow extended resource name standard")];
}

function validatePodResourceName(name: string, path: string): FieldError[] {
  const errors = validateResourceName(name, path);
  if (errors.length > 0 || isPodLevelResource(name)) return errors;
  return [notSupportedInOrder(path, name, ["cpu", "hugepages-", "memory"])];
}

export function validateResourceAmount(name: string, text: string, path: string): FieldError[] {
  const amount = parseQuantity(text);
  const errors = amount.sign < 0 ? [invalidValue(path, amount.toString(), isNegativeMessage)] : [];
  if (isIntegerResource(name) && amount.nanos % nanosPerUnit !== 0n) {
    errors.push(invalidValue(path, amount.toString(), "must be an integer"));
  }
  return errors;
}

export function validateContainerResources(
  resources: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  path: string,
): FieldError[] {
  return resources === undefined
    ? []
    : validateRequirements(resources, validateContainerResourceName, claimNames, path);
}

function validateRequirements(
  { limits = {}, requests = {}, claims }: ResourceRequirements,
  validateName: (name: string, path: string) => FieldError[],
  claimNames: ReadonlySet<string>,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, amount] of Object.entries(limits)) {
    const place = `${path}.limits[${name}]`;
    errors.push(...validateName(name, place), ...validateResourceAmount(name, amount, place));
  }
  for (const [name, amount] of Object.entries(requests)) {
    const place = `${path}.requests[${name}]`;
    errors.push(...validateName(name, place), ...validateResourceAmount(name, amount, place));
    errors.push(...validateRequestAgainstLimit(name, amount, valueAt(limits, name), path));
  }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePages) && !names.includes("cpu") && !names.includes("memory")) {
    errors.push(forbiddenField(path, "HugePages require cpu or memory"));
  }
  for (const [index, { name }] of (claims ?? []).entries()) {
    const place = `${path}.claims[${index}]`;
    if (!name) errors.push(required(place));
    else if (!claimNames.has(name)) {
      const known = claimNames.size === 0 ? " which is empty" : `: ${[...claimNames].sort().join(", ")}`;
      const message = `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${known}`;
      errors.push({
        type: "FieldValueNotFound",
        field: place,
        detailMessage: message,
        message: `${place}: ${message}`,
      });
    }
  }
  return errors;
}

function validateRequestAgainstLimit(
  name: string,
  amount: string,
  limit: string | undefined,
  path: string,
): FieldError[] {
  const mayOvercommit = isNativeResource(name) && !isHugePages(name);
  if (limit === undefined) {
    const detail = "Limit must be set for non overcommitable resources";
    return mayOvercommit ? [] : [required(`${path}.limits`, detail)];
  }
  const comparison = parseQuantity(amount).compare(parseQuantity(limit));
  if (comparison !== 0 && !mayOvercommit) {
    return [invalidValue(`${path}.requests`, amount, `must be equal to ${name} limit of ${limit}`)];
  }
  return comparison > 0
    ? [invalidValue(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`)]
    : [];
}

/** Pod-level requests and limits, and that the containers fit into them. */
export function validatePodResources(spec: PodSpec, claimNames: ReadonlySet<string>, path: string): FieldError[] {
  const { resources } = spec;
  if (resources === undefined) return [];
  const place = `${path}.resources`;
  if (spec.os?.name === "windows") return [forbiddenField(place, "may not be set for a windows pod")];
  const errors = validateRequirements(resources, validatePodResourceName, claimNames, place);
  if (resources.claims !== undefined) {
    errors.unshift(forbiddenField(`${place}.claims`, "claims may not be set for Resources at pod-level"));
  }
  for (const [name, sum] of Object.entries(aggregateContainerResources(spec, "requests"))) {
    const given = valueAt(resources.requests, name);
    if (given === undefined || parseQuantity(sum).compare(parseQuantity(given)) <= 0) continue;
    const detail = `must be greater than or equal to aggregate container requests of ${sum}`;
    errors.push(invalidValue(`${place}.requests[${name}]`, given, detail));
  }
  return [...errors, ...validateContainerLimits(spec, place)];
}

function validateContainerLimits({ containers, resources }: PodSpec, path: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, container] of (containers ?? []).entries()) {
    for (const [name, limit] of Object.entries(container.resources?.limits ?? {})) {
      const podLimit = valueAt(resources?.limits, name);
      if (podLimit === undefined || parseQuantity(limit).compare(parseQuantity(podLimit)) <= 0) continue;
      const place = `${path}.containers[${index}][${name}].limits`;
      errors.push(invalidValue(place, limit, `must be less than or equal to pod limits of ${podLimit}`));
    }
  }
  return errors;
}
