/** Messages whose JSON form is not an object of their fields, and rules that decoding and encoding share. */

import type { SchemaTable, TypeSchema } from "../schema/types.ts";
import { parseForeignJson } from "./json.ts";

export interface SpecialType {
  /** From the message's fields to the JSON value; undefined: nothing. */
  decode(parts: Record<string, unknown>): unknown;
  encode(value: unknown): Record<string, unknown>;
}

const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const apiextensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";

/** Seconds and nanoseconds; an empty message is the zero time, which JSON leaves out. */
function timeType(digits: 0 | 6): SpecialType {
  return {
    decode: ({ seconds, nanos }) => {
      if (seconds === undefined && nanos === undefined) return undefined;
      const text = new Date(Number(seconds ?? 0) * 1000).toISOString().slice(0, 19);
      const micros = Math.trunc(Number(nanos ?? 0) / 1000);
      return digits === 0 ? `${text}Z` : `${text}.${String(micros).padStart(6, "0")}Z`;
    },
    encode: (value) => {
      const [, whole = "", fraction = "", zone = "Z"] =
        /^([^.]*?)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(String(value)) ?? [];
      const seconds = Date.parse(`${whole}${zone}`) / 1000;
      return { seconds, nanos: digits === 0 ? 0 : Number(fraction.padEnd(9, "0").slice(0, 9)) };
    },
  };
}

const jsonOf = (base64: unknown): unknown =>
  base64 === undefined || base64 === ""
    ? undefined
    : parseForeignJson(Buffer.from(String(base64), "base64").toString()).value;
const base64Of = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

/** A message with one field of JSON text. */
const rawType = (field: string): SpecialType => ({
  decode: (parts) => jsonOf(parts[field]),
  encode: (value) => ({ [field]: base64Of(value) }),
});

/** A schema, or in its place something else. */
const schemaOr = (other: string): SpecialType => ({
  decode: (parts) => parts["schema"] ?? parts[other] ?? (other === "allows" ? false : []),
  encode: (value) =>
    Array.isArray(value) || typeof value === "boolean"
      ? { [other]: value }
      : { schema: value, ...(other === "allows" ? { allows: true } : {}) },
});

export const specialTypes: Readonly<Record<string, SpecialType>> = {
  [`${meta}.Time`]: timeType(0),
  [`${meta}.MicroTime`]: timeType(6),
  [`${meta}.FieldsV1`]: rawType("Raw"),
  "io.k8s.apimachinery.pkg.runtime.RawExtension": rawType("raw"),
  [`${apiextensions}.JSON`]: rawType("raw"),
  [`${apiextensions}.JSONSchemaPropsOrArray`]: schemaOr("jSONSchemas"),
  [`${apiextensions}.JSONSchemaPropsOrBool`]: schemaOr("allows"),
  [`${apiextensions}.JSONSchemaPropsOrStringArray`]: schemaOr("property"),
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {
    decode: ({ string }) => string ?? "",
    encode: (value) => ({ string: String(value) }),
  },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {
    decode: ({ type, intVal, strVal }) => (type === 1 ? (strVal ?? "") : (intVal ?? 0)),
    encode: (value) =>
      typeof value === "string" ? { type: 1, intVal: 0, strVal: value } : { type: 0, intVal: value, strVal: "" },
  },
};

/** Whether the JSON form writes the message's fields into the object that has the field. */
export function isInlined(schema: TypeSchema, name: string, type: string, schemas: SchemaTable): boolean {
  return schema.fields !== undefined && !Object.hasOwn(schema.fields, name) && schemas[type]?.protobuf !== undefined;
}

/** ExtraValue and Verbs: a list in JSON, a message with one repeated field in protobuf. */
export function isListWrapper({ fields, protobuf }: TypeSchema): boolean {
  return (
    fields === undefined && protobuf?.length === 1 && protobuf[0]?.[1] === "items" && protobuf[0][3] === "repeated"
  );
}
