/** The schema of a custom resource as a table that decoding, pruning and server-side apply walk. */
import { builtInSchemas } from "../../kinds/index.ts";
import { reachableTypes } from "../../machinery/openapi/schemas.ts";
import type { FieldSchema, SchemaTable, TypeSchema } from "../../machinery/schema/types.ts";
import type { JsonSchema } from "./schema.ts";

const objectMeta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const shared = reachableTypes(builtInSchemas, [
  objectMeta,
  "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta",
  "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Status",
  "io.k8s.api.autoscaling.v1.Scale",
]);

/** The type `name` with what it refers to. Values are kept as they are given; what is not described is pruned. */
export function tableOf(
  name: string,
  schema: JsonSchema,
  gvk: { readonly group: string; readonly version: string; readonly kind: string },
): SchemaTable {
  const table: Record<string, TypeSchema> = {};
  for (const one of shared) table[one] = builtInSchemas[one] as TypeSchema;
  const { metadata: _, ...properties } = schema.properties ?? {};
  addStruct(table, name, { ...schema, properties, "x-kubernetes-embedded-resource": true });
  table[name] = { ...(table[name] as TypeSchema), gvk: [gvk] };
  return table;
}

function addStruct(table: Record<string, TypeSchema>, name: string, schema: JsonSchema): void {
  const fields: Record<string, FieldSchema> = {};
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    fields[key] = fieldOf(table, `${name}.${key}`, property);
  }
  if (schema["x-kubernetes-embedded-resource"] === true) {
    fields["apiVersion"] = { type: "string" };
    fields["kind"] = { type: "string" };
    fields["metadata"] = { ref: objectMeta };
  }
  table[name] = {
    structural: true,
    fields,
    ...(schema["x-kubernetes-preserve-unknown-fields"] === true ? { preserveUnknown: true } : {}),
    ...(schema["x-kubernetes-map-type"] === "atomic" ? { mapType: "atomic" as const } : {}),
  };
}

function fieldOf(table: Record<string, TypeSchema>, name: string, schema: JsonSchema): FieldSchema {
  const common = schema.default === undefined ? {} : { default: schema.default };
  const preserves = schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema.items !== undefined) {
    const listType = schema["x-kubernetes-list-type"] as FieldSchema["listType"];
    const keys = schema["x-kubernetes-list-map-keys"];
    return {
      ...common,
      type: "array",
      items: fieldOf(table, `${name}[]`, schema.items as JsonSchema),
      ...(listType === undefined ? {} : { listType }),
      ...(keys === undefined ? {} : { listMapKeys: keys }),
    };
  }
  const values = schema.additionalProperties;
  if (values !== undefined && values !== false && schema.properties === undefined) {
    const element = values === true ? { preserveUnknown: true } : fieldOf(table, `${name}{}`, values as JsonSchema);
    const mapType = schema["x-kubernetes-map-type"] === "atomic" ? { mapType: "atomic" as const } : {};
    return { ...common, type: "object", values: element, ...mapType };
  }
  const isStruct = schema.type === "object" || schema["x-kubernetes-embedded-resource"] === true;
  if (isStruct && !(preserves && schema.properties === undefined && !schema["x-kubernetes-embedded-resource"])) {
    addStruct(table, name, schema);
    return { ...common, ref: name };
  }
  if (preserves || schema.type === undefined) return { ...common, preserveUnknown: true };
  return { ...common, type: schema.type as NonNullable<FieldSchema["type"]> };
}
