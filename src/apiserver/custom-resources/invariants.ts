/**
 * What holds of values beside their schema: lists of type set and map have no duplicates, embedded resources name their
 * kind.
 */

import { duplicate, type FieldError, invalidValue, required } from "../../machinery/errors/field-error.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { childPath, isMap, type JsonSchema, maximumErrors, valuesOf } from "./schema.ts";

type CheckNode = (value: unknown, schema: JsonSchema, path: string) => FieldError[];

/** Duplicates in lists of type set and map. */
export const checkListTypes = (value: unknown, schema: JsonSchema): FieldError[] =>
  walk(value, schema, { path: "", check: checkList });

/** apiVersion and kind of embedded resources. */
export const checkEmbeddedResources = (value: unknown, schema: JsonSchema): FieldError[] =>
  walk(value, schema, { path: "", check: checkEmbedded });

/** Whether a schema says anywhere what the checks of this file look for. */
export function hasInvariants(schema: JsonSchema): boolean {
  const listType = schema["x-kubernetes-list-type"];
  if (listType === "set" || listType === "map" || schema["x-kubernetes-embedded-resource"] === true) return true;
  const values = valuesOf(schema);
  if (values !== undefined && hasInvariants(values)) return true;
  if (schema.items !== undefined && hasInvariants(schema.items)) return true;
  return Object.values(schema.properties ?? {}).some(hasInvariants);
}

function walk(value: unknown, schema: JsonSchema, at: { path: string; check: CheckNode }): FieldError[] {
  const { path, check } = at;
  const errors = check(value, schema, path);
  const { items } = schema;
  if (Array.isArray(value)) {
    if (items === undefined) return errors;
    for (const [index, item] of value.entries()) {
      errors.push(...walk(item, items, { path: `${path}[${index}]`, check }));
      if (errors.length >= maximumErrors) break;
    }
    return errors;
  }
  if (!isMap(value)) return errors;
  const values = valuesOf(schema);
  for (const [key, child] of Object.entries(value)) {
    const property = valueAt(schema.properties, key);
    if (property !== undefined) errors.push(...walk(child, property, { path: childPath(path, key), check }));
    else if (values !== undefined) errors.push(...walk(child, values, { path: `${path}[${key}]`, check }));
    if (errors.length >= maximumErrors) break;
  }
  return errors;
}

function checkList(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  const listType = schema["x-kubernetes-list-type"];
  if (!Array.isArray(value) || (listType !== "set" && listType !== "map")) return [];
  const odd = listType === "map" ? value.findIndex((item) => item !== null && !isMap(item)) : -1;
  if (odd >= 0) return [invalidValue(`${path}[${odd}]`, value[odd], "must be an object for an array of list-type map")];
  const times = new Map<string, number>();
  const errors: FieldError[] = [];
  for (const [index, item] of value.entries()) {
    const key = listType === "set" ? item : keysOf(item, schema);
    const text = JSON.stringify(key);
    const seen = times.get(text) ?? 0;
    times.set(text, seen + 1);
    // Only the first repetition is told.
    if (seen === 1) errors.push(duplicate(`${path}[${index}]`, key));
    if (errors.length >= maximumErrors) break;
  }
  return errors;
}

function keysOf(item: unknown, schema: JsonSchema): unknown {
  if (!isMap(item)) return {};
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  return Object.fromEntries(keys.filter((key) => valueAt(item, key) !== undefined).map((key) => [key, item[key]]));
}

function checkEmbedded(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  if (schema["x-kubernetes-embedded-resource"] !== true || !isMap(value)) return [];
  return ["apiVersion", "kind"].flatMap((key) => {
    const field = childPath(path, key);
    const text = value[key];
    if (text === undefined) return [required(field)];
    if (typeof text !== "string") return [invalidValue(field, text, "must be a string")];
    return text === "" ? [invalidValue(field, text, "must not be empty")] : [];
  });
}
