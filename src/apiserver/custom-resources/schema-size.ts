/** How large values of a schema may get in a request, and how small: apiserver's cel/common SchemaDeclType, in bytes. */
import { valueAt } from "../../machinery/meta/accessors.ts";
import { type JsonSchema, valuesOf } from "./schema.ts";

const maximumRequestBytes = 3 * 1024 * 1024;
/** The quotes or brackets around a value. */
const aroundBytes = 2;
const smallestOfFormat: Readonly<Record<string, number>> = { duration: 3, date: 12, "date-time": 21 };
const largestOfFormat: Readonly<Record<string, number>> = { duration: 32, date: 12, "date-time": 32 };
/** A character of UTF-8. */
const largestCharacter = 4;

/** A bound that a schema states has 64 bits; here its order of magnitude is enough. */
const countOf = (stated: number | bigint | undefined): number | undefined =>
  stated === undefined ? undefined : Number(stated);

/** The length of the shortest JSON of a schema. */
export function smallestJson(schema: JsonSchema): number {
  if (schema["x-kubernetes-int-or-string"] === true) return 1;
  switch (schema.type) {
    case "boolean":
      return 4;
    case "string":
      return valueAt(smallestOfFormat, schema.format ?? "") ?? aroundBytes;
    case "object":
      return aroundBytes + requiredBytes(schema);
    case "array":
      return aroundBytes;
    default:
      return 1;
  }
}

function requiredBytes({ required = [], properties = {} }: JsonSchema): number {
  return required.reduce((sum, name) => {
    const property = valueAt(properties, name);
    if (property === undefined || property.default !== undefined) return sum;
    return sum + name.length + smallestJson(property) + 4;
  }, 0);
}

/** The most items, keys or characters that a value has; 0 of what has no parts. */
export function largestSize(schema: JsonSchema): number {
  if (schema["x-kubernetes-int-or-string"] === true || schema.type === "string") return largestText(schema);
  const values = valuesOf(schema);
  if (schema.type === "array" && schema.items !== undefined) {
    return countOf(schema.maxItems) ?? fitting(smallestJson(schema.items) + 1);
  }
  if (values === undefined) return 0;
  return countOf(schema.maxProperties) ?? fitting(smallestJson(values) + 6);
}

const fitting = (bytes: number): number => Math.floor((maximumRequestBytes - aroundBytes) / bytes);

function largestText({ format = "", enum: allowed, ...schema }: JsonSchema): number {
  const maxLength = countOf(schema.maxLength);
  const ofFormat = valueAt(largestOfFormat, format);
  if (ofFormat !== undefined) return ofFormat;
  if (maxLength !== undefined) return format === "byte" ? maxLength : maxLength * largestCharacter;
  if (!allowed?.length) return maximumRequestBytes - aroundBytes;
  return Math.max(...allowed.map((one) => (typeof one === "string" ? one.length : 0)));
}

/** How many values of a schema fit into a request. */
export const largestCount = (schema: JsonSchema): number =>
  Math.floor(maximumRequestBytes / (smallestJson(schema) + 1));

/** How many values a list or map has at most inside one of it by what it states; 1 of others; undefined: no bound. */
export function statedCount(schema: JsonSchema): number | undefined {
  if (schema.type === "array") return countOf(schema.maxItems);
  return valuesOf(schema) === undefined ? 1 : countOf(schema.maxProperties);
}
