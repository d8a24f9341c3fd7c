/** Small checks that every kind's validation is made of; each returns the errors of the field at `path`. */
import {
  duplicate,
  type FieldError,
  immutableMessage,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../machinery/errors/field-error.ts";
import { isPortName, isPortNumber } from "../machinery/validation/names.ts";
import type { IntOrString } from "./generated/primitives.ts";
import { semanticEqual } from "./semantic-equal.ts";

/** An empty list for a good value, else what is wrong with it (see machinery/validation/names.ts). */
export type Check = (value: string) => readonly string[];

export const isNegativeMessage = "must be greater than or equal to 0";
export const isNotPositiveMessage = "must be greater than zero";

export function checkText(path: string, value: string | undefined, check: Check): FieldError[] {
  const text = value ?? "";
  return check(text).map((complaint) => invalidValue(path, text, complaint));
}

export function checkRequired(path: string, value: unknown, detail = ""): FieldError[] {
  return value === undefined || value === null || value === "" ? [required(path, detail)] : [];
}

/** A text that must be there and pass the check. */
export function checkRequiredText(path: string, value: string | undefined, check: Check): FieldError[] {
  return value ? checkText(path, value, check) : [required(path)];
}

/** An enumeration whose value must be given. */
export function checkOneOf(path: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  if (!value) return [required(path)];
  return supported.includes(value) ? [] : [notSupportedInOrder(path, value, supported)];
}

/** An enumeration that may be left out. */
export function checkOptionalOneOf(
  path: string,
  value: string | undefined,
  supported: readonly string[],
): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupportedInOrder(path, value, supported)];
}

export function checkNonNegative(path: string, value: number | undefined): FieldError[] {
  return value !== undefined && value < 0 ? [invalidValue(path, value, isNegativeMessage)] : [];
}

export function checkPositive(path: string, value: number | undefined): FieldError[] {
  return (value ?? 0) > 0 ? [] : [invalidValue(path, value ?? 0, isNotPositiveMessage)];
}

export function checkImmutable(path: string, value: unknown, old: unknown): FieldError[] {
  return semanticEqual(value, old) ? [] : [invalidValue(path, value, immutableMessage)];
}

/** A port by number or by the name of a container's port. */
export function checkPortOrName(path: string, port: IntOrString | undefined): FieldError[] {
  if (typeof port === "string") return checkText(path, port, isPortName);
  return isPortNumber(port ?? 0).map((complaint) => invalidValue(path, port ?? 0, complaint));
}

export function checkEach<T>(
  list: readonly T[] | undefined,
  path: string,
  check: (item: T, path: string, index: number) => FieldError[],
): FieldError[] {
  return (list ?? []).flatMap((item, index) => check(item, `${path}[${index}]`, index));
}

/** Repeated values, at the place of each repetition. `field` is the key's path below the item; empty values pass. */
export function checkUnique<T>(
  list: readonly T[] | undefined,
  path: string,
  field: string,
  keyOf: (item: T) => string | undefined,
): FieldError[] {
  const seen = new Set<string>();
  return checkEach(list, path, (item, itemPath) => {
    const key = keyOf(item);
    if (!key) return [];
    if (seen.has(key)) return [duplicate(itemPath + field, key)];
    seen.add(key);
    return [];
  });
}
