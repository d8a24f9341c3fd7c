/** Types of the table as JSON schemas of OpenAPI v2 and v3, with Kubernetes' extensions and without descriptions. */
import type { KindDefinition } from "../kind.ts";
import type { FieldSchema, SchemaTable, TypeSchema } from "../schema/types.ts";
import { describeField } from "./descriptions.ts";
import { listTypeOf, type Operation } from "./operations.ts";

export type JsonSchema = Record<string, unknown>;
export type OpenApiVersion = 2 | 3;

const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const referencePrefix = { 2: "#/definitions/", 3: "#/components/schemas/" } as const;

export const reference = (typeName: string, version: OpenApiVersion): JsonSchema => ({
  $ref: referencePrefix[version] + typeName,
});

/** The types that the operations use, with what those refer to, by name in alphabetical order. */
export function renderSchemas(
  kinds: readonly KindDefinition[],
  operations: readonly Operation[],
  version: OpenApiVersion,
): Record<string, JsonSchema> {
  const schemas = new Map<string, JsonSchema>();
  for (const kind of kinds) addCustomSchemas(kind, version, schemas);
  const tables = [...new Set(kinds.map((kind) => kind.schemas))];
  const names = new Set(operations.flatMap((operation) => [operation.body?.typeName, operation.response]));
  for (const kind of kinds) names.add(kind.schemaName);
  const renderer = new SchemaRenderer(tables, version, schemas);
  for (const name of names) if (name !== undefined) renderer.add(name);
  return Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Custom resources publish their own schema, and a list type that no table has. */
function addCustomSchemas(kind: KindDefinition, version: OpenApiVersion, schemas: Map<string, JsonSchema>): void {
  const published = version === 2 ? (kind.openApiSchemaV2 ?? kind.openApiSchema) : kind.openApiSchema;
  if (published !== undefined) schemas.set(kind.schemaName, published as JsonSchema);
  if (kind.openApiSchema === undefined && kind.schemas[kind.schemaName]?.structural !== true) return;
  const { group, version: kindVersion } = kind;
  schemas.set(listTypeOf(kind), {
    type: "object",
    required: ["items"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: reference("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", version),
      items: { type: "array", items: reference(kind.schemaName, version) },
    },
    "x-kubernetes-group-version-kind": [{ group, version: kindVersion, kind: kind.listKind ?? `${kind.kind}List` }],
  });
}

class SchemaRenderer {
  readonly #tables: readonly SchemaTable[];
  readonly #version: OpenApiVersion;
  readonly #schemas: Map<string, JsonSchema>;

  constructor(tables: readonly SchemaTable[], version: OpenApiVersion, schemas: Map<string, JsonSchema>) {
    this.#tables = tables;
    this.#version = version;
    this.#schemas = schemas;
    for (const schema of [...schemas.values()]) this.#addReferences(schema);
  }

  /** Types that published schemas of custom resources refer to. */
  #addReferences(schema: unknown): void {
    if (typeof schema !== "object" || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      if (key === "$ref" && typeof value === "string") this.add(value.slice(value.lastIndexOf("/") + 1));
      else this.#addReferences(value);
    }
  }

  add(name: string): void {
    if (this.#schemas.has(name)) return;
    const schema = this.#tables.find((table) => table[name] !== undefined)?.[name];
    if (schema === undefined) return;
    const rendered: JsonSchema = {};
    this.#schemas.set(name, rendered);
    Object.assign(rendered, this.#type(name, schema));
  }

  #type(name: string, schema: TypeSchema): JsonSchema {
    if (this.#version === 3 && name === quantity) return { oneOf: [{ type: "string" }, { type: "number" }] };
    if (schema.fields === undefined) return this.#inline(schema);
    const fields = Object.entries(schema.fields).map(([key, field]) => {
      const description = describeField(name, key);
      return [key, { ...(description === undefined ? {} : { description }), ...this.#field(field) }];
    });
    return {
      type: "object",
      ...(fields.length === 0 ? {} : { properties: Object.fromEntries(fields) as JsonSchema }),
      ...(schema.required === undefined ? {} : { required: schema.required }),
      ...(schema.mapType === undefined ? {} : { "x-kubernetes-map-type": schema.mapType }),
      ...(schema.gvk === undefined ? {} : { "x-kubernetes-group-version-kind": schema.gvk }),
      ...(schema.unions === undefined ? {} : { "x-kubernetes-unions": schema.unions }),
      ...(schema.preserveUnknown === true ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    };
  }

  #field(field: FieldSchema): JsonSchema {
    const schema = field.ref === undefined ? this.#inline(field) : this.#reference(field.ref);
    if (this.#version === 3) {
      const value = field.default ?? (field.presence === "always" ? defaultOf(field) : undefined);
      if (value !== undefined) schema["default"] = value;
    }
    if (field.ref === undefined) return schema;
    return Object.assign(schema, extensionsOf(field));
  }

  /** In v3 a reference with siblings must be wrapped; it always is, as upstream does for fields. */
  #reference(name: string): JsonSchema {
    this.add(name);
    const plain = reference(name, this.#version);
    return this.#version === 2 ? plain : { allOf: [plain] };
  }

  #inline(field: FieldSchema): JsonSchema {
    const { type, format, items, values } = field;
    if (format === "int-or-string" && this.#version === 3) {
      return { format, oneOf: [{ type: "integer" }, { type: "string" }] };
    }
    return {
      ...(type === undefined ? {} : { type }),
      ...(format === undefined ? {} : { format }),
      ...(items === undefined ? {} : { items: this.#element(items) }),
      ...(values === undefined ? {} : { additionalProperties: this.#element(values) }),
      ...extensionsOf(field),
    };
  }

  #element(element: FieldSchema): JsonSchema {
    const schema = this.#field(element);
    const isScalarType = element.ref !== undefined && defaultOf(element) === undefined;
    if (this.#version === 3 && !isScalarType) schema["default"] ??= element.ref === undefined ? defaultOf(element) : {};
    if (schema["default"] === undefined) delete schema["default"];
    return schema;
  }
}

/** Types whose zero value is no object. */
const scalarReference = /\.(Time|MicroTime|Quantity|IntOrString|FieldsV1|RawExtension|JSON\w*)$/;

function defaultOf(field: FieldSchema): unknown {
  if (field.ref !== undefined) return scalarReference.test(field.ref) ? undefined : {};
  switch (field.type) {
    case "string":
      return field.format === undefined ? "" : undefined;
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    default:
      return undefined;
  }
}

function extensionsOf(field: FieldSchema): JsonSchema {
  return {
    ...(field.listType === undefined ? {} : { "x-kubernetes-list-type": field.listType }),
    ...(field.listMapKeys === undefined ? {} : { "x-kubernetes-list-map-keys": field.listMapKeys }),
    ...(field.mapType === undefined ? {} : { "x-kubernetes-map-type": field.mapType }),
    ...(field.patchStrategy === undefined ? {} : { "x-kubernetes-patch-strategy": field.patchStrategy }),
    ...(field.patchMergeKey === undefined ? {} : { "x-kubernetes-patch-merge-key": field.patchMergeKey }),
    ...(field.preserveUnknown === true ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
  };
}

/** For digests: the part of a table that a kind's documents are made of. */
export function reachableTypes(table: SchemaTable, names: Iterable<string>): string[] {
  const found = new Set<string>();
  const visit = (field: FieldSchema | TypeSchema): void => {
    if (field.ref !== undefined) visitName(field.ref);
    if (field.items !== undefined) visit(field.items);
    if (field.values !== undefined) visit(field.values);
  };
  const visitName = (name: string): void => {
    const schema = table[name];
    if (schema === undefined || found.has(name)) return;
    found.add(name);
    visit(schema);
    for (const field of Object.values(schema.fields ?? {})) visit(field);
  };
  for (const name of names) visitName(name);
  return [...found].sort();
}
