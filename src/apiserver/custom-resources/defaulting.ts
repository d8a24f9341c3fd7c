import { requestEntityTooLarge } from "../../machinery/errors/status-error.ts";
import { deepCopy, setAt, valueAt } from "../../machinery/meta/accessors.ts";
import { childSchema, isMap, type JsonSchema, valuesOf } from "./schema.ts";

/** Several times what can be stored: defaults that are longer together would be made to be refused. */
const longestTogether = 8 * 1024 * 1024;

/**
 * Drops nulls of fields that are not nullable, then fills in defaults, as apiextensions-apiserver's
 * structuraldefaulting. Mutates; idempotent. Throws StatusError RequestEntityTooLarge where a list of many items would get
 * more defaults than can be stored.
 */
export function applySchemaDefaults(value: unknown, schema: JsonSchema): void {
  fillIn(value, schema, { room: longestTogether });
}

function fillIn(value: unknown, schema: JsonSchema, left: { room: number }): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) fillIn(item, schema.items, left);
    return;
  }
  if (!isMap(value)) return;
  for (const key of Object.keys(value)) {
    if (value[key] === null && childSchema(schema, key)?.nullable !== true && isDescribed(schema, key)) {
      delete value[key];
    }
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default === undefined || valueAt(value, key) !== undefined) continue;
    left.room -= lengthOf(property);
    if (left.room < 0) throw requestEntityTooLarge("etcdserver: request is too large");
    setAt(value, key, deepCopy(property.default));
  }
  const values = valuesOf(schema);
  for (const key of Object.keys(value)) {
    const child = valueAt(schema.properties, key) ?? values;
    if (child !== undefined) fillIn(value[key], child, left);
  }
}

const lengths = new WeakMap<JsonSchema, number>();

/** Of a schema's default, in JSON. */
function lengthOf(schema: JsonSchema): number {
  let length = lengths.get(schema);
  if (length === undefined) {
    length = JSON.stringify(schema.default, (_, one: unknown) => (typeof one === "bigint" ? String(one) : one)).length;
    lengths.set(schema, length);
  }
  return length;
}

const isDescribed = (schema: JsonSchema, key: string): boolean => valueAt(schema.properties, key) !== undefined;

/** Whether a schema states any default. */
export function hasDefaults(schema: JsonSchema): boolean {
  if (schema.default !== undefined) return true;
  const values = valuesOf(schema);
  if (values !== undefined && hasDefaults(values)) return true;
  if (schema.items !== undefined && hasDefaults(schema.items)) return true;
  return Object.values(schema.properties ?? {}).some(hasDefaults);
}
