/** ValidateLimitRange: minimum ≤ default request ≤ default ≤ maximum, for each resource. */

import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from "../../../machinery/errors/field-error.ts";
import { valueAt } from "../../../machinery/meta/accessors.ts";
import { parseQuantity, type Quantity } from "../../../machinery/quantity.ts";
import { isQualifiedName } from "../../../machinery/validation/names.ts";
import { checkEach, checkText } from "../../field-checks.ts";
import type { LimitRange, LimitRangeItem } from "../../generated/core-v1.ts";
import { validateResourceName } from "../pod/validation/resources.ts";

const types = ["Pod", "Container", "PersistentVolumeClaim"];
const lists = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const seen = new Set<string>();
  return checkEach(spec?.limits, "spec.limits", (item, path) => {
    const errors = validateType(item.type, `${path}.type`);
    if (seen.has(item.type)) errors.push(duplicate(`${path}.type`, item.type));
    seen.add(item.type);
    return [...errors, ...validateItem(item, path)];
  });
}

function validateType(type: string, path: string): FieldError[] {
  const errors = checkText(path, type, isQualifiedName);
  if (errors.length > 0 || type.includes("/") || types.includes(type)) return errors;
  return [invalidValue(path, type, "must be a standard limit type or fully qualified")];
}

function validateItem(item: LimitRangeItem, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const list of lists) {
    const forPods = item.type === "Pod" && (list === "default" || list === "defaultRequest");
    if (forPods && Object.keys(item[list] ?? {}).length > 0) {
      errors.push(forbiddenField(`${path}.${list}`, "may not be specified when `type` is 'Pod'"));
    }
    if (forPods) continue;
    for (const name of Object.keys(item[list] ?? {})) {
      names.add(name);
      errors.push(...validateResourceName(name, `${path}.${list}[${name}]`));
    }
  }
  const sized = item.min?.["storage"] ?? item.max?.["storage"];
  if (item.type === "PersistentVolumeClaim" && sized === undefined) {
    const detail = "either minimum or maximum storage value is required, but neither was provided";
    errors.push(required(`${path}.limits`, detail));
  }
  return [...errors, ...[...names].flatMap((name) => validateOrder(item, name, path))];
}

function validateOrder(item: LimitRangeItem, name: string, path: string): FieldError[] {
  const read = (list: (typeof lists)[number]): Quantity | undefined => {
    const text = valueAt(item[list], name);
    return text === undefined ? undefined : parseQuantity(text);
  };
  const [max, min, limit, request, ratio] = lists.map(read);
  const errors: FieldError[] = [];
  const order = (
    list: string,
    shown: Quantity | undefined,
    low: [string, Quantity | undefined],
    high: [string, Quantity | undefined],
  ) => {
    if (low[1] === undefined || high[1] === undefined || low[1].compare(high[1]) <= 0) return;
    const detail = `${low[0]} value ${low[1]} is greater than ${high[0]} value ${high[1]}`;
    errors.push(invalidValue(`${path}.${list}[${name}]`, shown?.toString(), detail));
  };
  order("min", min, ["min", min], ["max", max]);
  order("defaultRequest", request, ["min", min], ["default request", request]);
  order("defaultRequest", request, ["default request", request], ["max", max]);
  order("defaultRequest", request, ["default request", request], ["default limit", limit]);
  order("default", min, ["min", min], ["default", limit]);
  order("default", max, ["default", limit], ["max", max]);
  if (ratio === undefined) return errors;
  const place = `${path}.maxLimitRequestRatio[${name}]`;
  if (ratio.toNumber() < 1) errors.push(invalidValue(place, ratio.toString(), `ratio ${ratio} is less than 1`));
  if (min !== undefined && max !== undefined) {
    const widest = max.toNumber() / min.toNumber();
    const detail = `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`;
    if (ratio.toNumber() > widest) errors.push(invalidValue(place, ratio.toString(), detail));
  }
  return errors;
}
