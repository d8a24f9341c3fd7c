import { deepCopy } from "../../machinery/meta/accessors.ts";
import { childSchema, isMap, type JsonSchema, valuesOf } from "./schema.ts";

/**
 * Drops nulls of fields that are not nullable, then fills in defaults, as apiextensions-apiserver's
 * structuraldefaulting. Mutates; idempotent.
 */
export function applySchemaDefaults(value: unknown, schema: JsonSchema): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined) for (const item of value) applySchemaDefaults(item, schema.items);
    return;
  }
  if (!isMap(value)) return;
  for (const key of Object.keys(value)) {
    if (value[key] === null && childSchema(schema, key)?.nullable !== true && isDescribed(schema, key)) {
      delete value[key];
    }
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    if (property.default !== undefined && value[key] === undefined) value[key] = deepCopy(property.default);
  }
  const values = valuesOf(schema);
  for (const key of Object.keys(value)) {
    const child = schema.properties?.[key] ?? values;
    if (child !== undefined) applySchemaDefaults(value[key], child);
  }
}

const isDescribed = (schema: JsonSchema, key: string): boolean => schema.properties?.[key] !== undefined;

/** Whether a schema states any default. */
export function hasDefaults(schema: JsonSchema): boolean {
  if (schema.default !== undefined) return true;
  const values = valuesOf(schema);
  if (values !== undefined && hasDefaults(values)) return true;
  if (schema.items !== undefined && hasDefaults(schema.items)) return true;
  return Object.values(schema.properties ?? {}).some(hasDefaults);
}
