/**
 * Types of API objects as CEL's checker knows them, from the table of built-in types and from published schemas of custom
 * resources (apiserver's common.SchemaDeclType). A struct is a named type with fields; what has no schema has no field.
 */

import type { KindDefinition } from "../../machinery/kind.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { FieldSchema, SchemaTable } from "../../machinery/schema/types.ts";
import { escapeName } from "./values.ts";

/** Field name to type: `string`, `list<string>`, or the name of a struct. */
export type FieldTypes = Readonly<Record<string, string>>;

export type StructTypes = Readonly<Record<string, FieldTypes>>;

export interface ObjectType {
  /** Of the object itself; one of `structs`. */
  readonly name: string;
  readonly structs: StructTypes;
}

type Published = Readonly<Record<string, unknown>>;

/** Structs are named by the path on which they are first met: `Deployment0.spec.template`. */
export function objectTypeOf(
  kind: Pick<KindDefinition, "kind" | "schemas" | "schemaName" | "openApiSchema">,
): ObjectType {
  // The digit keeps kinds apart from types of the libraries, which are called Quantity or Authorizer.
  const name = `${kind.kind}0`;
  const types = new Types(kind.schemas);
  if (kind.openApiSchema === undefined) types.referred(kind.schemaName, name);
  else types.published(kind.openApiSchema, name);
  return { name, structs: types.structs };
}

class Types {
  readonly structs: Record<string, FieldTypes> = {};
  readonly #table: SchemaTable;
  readonly #named = new Map<string, string>();

  constructor(table: SchemaTable) {
    this.#table = table;
  }

  /** The type that the table has under a name; a type that contains itself is one struct. */
  referred(reference: string, path: string): string | undefined {
    // Upstream's schema of quantities has no one type, so that a field of them looks undefined; here it is anything.
    if (reference.endsWith(".Quantity")) return "dyn";
    const known = this.#named.get(reference);
    if (known !== undefined) return known;
    const schema = this.#table[reference];
    if (schema?.fields === undefined) return schema === undefined ? undefined : this.#field(schema, path);
    this.#named.set(reference, path);
    return this.#struct(path, schema.fields, (field, below) => this.#field(field, below));
  }

  #field(field: FieldSchema, path: string): string | undefined {
    if (field.ref !== undefined) return this.referred(field.ref, path);
    if (field.format === "int-or-string") return "dyn";
    if (field.items !== undefined) return listOf(this.#field(field.items, `${path}.@idx`));
    if (field.values !== undefined) return mapOf(this.#field(field.values, `${path}.@elem`));
    return field.type === "object" ? this.#struct(path, {}, () => undefined) : scalarOf(field.type, field.format);
  }

  /** A schema of OpenAPI v3, in which references stand in `allOf`. */
  published(schema: Published, path: string): string | undefined {
    const reference = referenceOf(schema);
    if (reference !== undefined) return this.referred(reference, path);
    const { type, format, items, additionalProperties } = schema;
    if (schema["x-kubernetes-int-or-string"] === true || format === "int-or-string") return "dyn";
    if (type === "array") return isSchema(items) ? listOf(this.published(items, `${path}.@idx`)) : undefined;
    if (type !== "object") return scalarOf(type, format);
    if (isSchema(additionalProperties)) return mapOf(this.published(additionalProperties, `${path}.@elem`));
    const properties = (schema["properties"] ?? {}) as Readonly<Record<string, Published>>;
    const all = schema["x-kubernetes-embedded-resource"] === true ? { ...properties, ...embedded } : properties;
    return this.#struct(path, all, (property, below) => this.published(property, below));
  }

  #struct<T>(
    path: string,
    properties: Readonly<Record<string, T>>,
    typeOf: (property: T, path: string) => string | undefined,
  ): string {
    const fields: Record<string, string> = {};
    for (const [key, property] of Object.entries(properties)) {
      const field = escapeName(key);
      const type = typeOf(property, `${path}.${field}`);
      if (type !== undefined) fields[field] = type;
    }
    this.structs[path] = fields;
    return path;
  }
}

const string = { type: "string" };
/** What rules may read of an object within an object, whatever its schema says. */
const embedded: Readonly<Record<string, Published>> = {
  apiVersion: string,
  kind: string,
  metadata: { type: "object", properties: { name: string, generateName: string } },
};

const isSchema = (value: unknown): value is Published => typeof value === "object" && value !== null;

function referenceOf({ $ref, allOf }: Published): string | undefined {
  const [first] = Array.isArray(allOf) ? (allOf as Published[]) : [];
  const reference = $ref ?? first?.["$ref"];
  return typeof reference === "string" ? reference.slice(reference.lastIndexOf("/") + 1) : undefined;
}

const listOf = (type: string | undefined) => (type === undefined ? undefined : `list<${type}>`);
const mapOf = (type: string | undefined) => (type === undefined ? undefined : `map<string, ${type}>`);

const scalars: Readonly<Record<string, string>> = { boolean: "bool", number: "double", integer: "int" };
const stringFormats: Readonly<Record<string, string>> = {
  byte: "bytes",
  duration: "google.protobuf.Duration",
  date: "google.protobuf.Timestamp",
  "date-time": "google.protobuf.Timestamp",
};

function scalarOf(type: unknown, format: unknown): string | undefined {
  if (type === "string") return valueAt(stringFormats, String(format)) ?? "string";
  return valueAt(scalars, String(type));
}
