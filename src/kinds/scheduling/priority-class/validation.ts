/** ValidatePriorityClass: the highest values and the names that start with `system-` are the system's. */

import { type FieldError, forbiddenField } from "../../../machinery/errors/field-error.ts";
import { valueAt } from "../../../machinery/meta/accessors.ts";
import { checkImmutable, checkOptionalOneOf } from "../../field-checks.ts";
import type { PriorityClass } from "../../generated/scheduling-v1.ts";
import { clusterCriticalPriority, nodeCriticalPriority } from "./system-priorities.ts";

const highestOfUsers = 1_000_000_000;
const systemPrefix = "system-";
const systemClasses: Readonly<Record<string, number>> = {
  "system-node-critical": nodeCriticalPriority,
  "system-cluster-critical": clusterCriticalPriority,
};

export function validatePriorityClass({
  metadata,
  value,
  globalDefault,
  preemptionPolicy,
}: PriorityClass): FieldError[] {
  const name = metadata?.name ?? "";
  const errors: FieldError[] = [];
  if (name.startsWith(systemPrefix)) {
    const problem = systemClassProblem(name, value ?? 0, globalDefault ?? false);
    if (problem !== undefined) {
      const reserved = `priority class names with '${systemPrefix}' prefix are reserved for system use only`;
      errors.push(forbiddenField("metadata.name", `${reserved}. error: ${problem}`));
    }
  } else if ((value ?? 0) > highestOfUsers) {
    const detail = `maximum allowed value of a user defined priority is ${highestOfUsers}`;
    errors.push(forbiddenField("value", detail));
  }
  return [...errors, ...checkOptionalOneOf("preemptionPolicy", preemptionPolicy, ["PreemptLowerPriority", "Never"])];
}

function systemClassProblem(name: string, value: number, globalDefault: boolean): string | undefined {
  const expected = valueAt(systemClasses, name);
  if (expected === undefined) return `${name} is not a known system priority class`;
  if (value !== expected) return `value of ${name} PriorityClass must be ${expected}`;
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined;
}

export function validatePriorityClassUpdate(priorityClass: PriorityClass, old: PriorityClass): FieldError[] {
  const changed = priorityClass.value !== old.value;
  return [
    ...(changed ? [forbiddenField("value", "may not be changed in an update.")] : []),
    ...checkImmutable("preemptionPolicy", priorityClass.preemptionPolicy, old.preemptionPolicy),
  ];
}
