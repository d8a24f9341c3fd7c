/** Structural schemas as they stand in a CustomResourceDefinition, with the unions of the published types resolved. */
import type { JSONSchemaProps } from "../../kinds/generated/apiextensions-v1.ts";

export type JsonSchema = Omit<JSONSchemaProps, "items" | "additionalProperties" | "properties"> & {
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
};

export const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The schema of a map's values; undefined where they are not described. */
export function valuesOf({ additionalProperties }: JsonSchema): JsonSchema | undefined {
  return isMap(additionalProperties) ? (additionalProperties as JsonSchema) : undefined;
}

export function childSchema(schema: JsonSchema, key: string): JsonSchema | undefined {
  const { properties } = schema;
  return properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : valuesOf(schema);
}

/** The path of a field, as field.Path's Child. */
export const childPath = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);

/** Nobody reads more errors of one object, and each is several times as long as what it is about. */
export const maximumErrors = 1_000;
