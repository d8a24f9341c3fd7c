/** fast-check generators of objects of a type in the table; for property tests of codecs and patches. */
import fc from "fast-check";
import type { FieldSchema, SchemaTable } from "./types.ts";

const word = fc.stringMatching(/^[a-z]{1,4}$/);
const time = fc.integer({ min: 1, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1000).toISOString());
const free = fc.dictionary(word, fc.oneof(word, fc.integer(), fc.boolean()), { maxKeys: 2 });

const scalarTypes: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": fc.constantFrom("1", "500m", "128Mi", "1e3", "0"),
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": fc.oneof(fc.integer({ min: 1, max: 65535 }), word),
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": time.map((text) => `${text.slice(0, 19)}Z`),
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": time.map((text) => `${text.slice(0, 23)}000Z`),
};
const schemaProps = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps";

/**
 * Objects of the type, a few levels deep; fields but `keys` are left out at random. Lists and maps are not empty, list
 * items have their keys and differ in them.
 */
export function arbitraryObject(
  schemas: SchemaTable,
  typeName: string,
  depth = 4,
  keys: readonly string[] = [],
): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(schemas[typeName]?.fields ?? {}).filter(
    ([name]) => name !== "kind" && name !== "apiVersion",
  );
  const entries = fields
    .filter(([name]) => depth >= 0 || keys.includes(name))
    .map(([name, field]) => {
      const value = arbitraryField(schemas, field, depth);
      return [name, keys.includes(name) ? value : fc.option(value, { nil: undefined, freq: 2 })] as const;
    });
  return fc
    .record(Object.fromEntries(entries))
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)));
}

function arbitraryList(schemas: SchemaTable, field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  const items = field.items ?? {};
  const size = { minLength: 1, maxLength: 2 };
  const keys = field.listMapKeys ?? (field.patchMergeKey === undefined ? [] : [field.patchMergeKey]);
  if (items.ref !== undefined && keys.length > 0) {
    const selector = (item: Record<string, unknown>): string => JSON.stringify(keys.map((key) => item[key]));
    return fc.uniqueArray(arbitraryObject(schemas, items.ref, depth - 1, keys), { ...size, selector });
  }
  return fc.uniqueArray(arbitraryField(schemas, items, depth), { ...size, comparator: "SameValue" });
}

function arbitraryField(schemas: SchemaTable, field: FieldSchema, depth: number): fc.Arbitrary<unknown> {
  const { ref } = field;
  if (ref !== undefined) {
    const target = schemas[ref];
    if (scalarTypes[ref] !== undefined) return scalarTypes[ref];
    if (ref.endsWith("PropsOrBool")) return fc.boolean();
    if (ref.endsWith("PropsOrArray") || ref.endsWith("PropsOrStringArray")) return fc.constant({ type: "string" });
    if (target?.fields === undefined) return free;
    return depth === 0 || ref === schemaProps ? fc.constant({}) : arbitraryObject(schemas, ref, depth - 1);
  }
  switch (field.type) {
    case "string":
      return field.format === "byte" ? word.map((text) => Buffer.from(text).toString("base64")) : word;
    case "integer":
      return fc.integer({ min: -100, max: 100_000 });
    case "number":
      return fc.integer({ min: 0, max: 100 }).map((value) => value / 4);
    case "boolean":
      return fc.boolean();
    case "array":
      return arbitraryList(schemas, field, depth);
    default:
      return field.values === undefined
        ? free
        : fc.dictionary(word, arbitraryField(schemas, field.values, depth), { minKeys: 1, maxKeys: 2 });
  }
}
