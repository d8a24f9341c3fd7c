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

/** Objects of the type, a few levels deep; fields are left out at random, lists and maps are not empty. */
export function arbitraryObject(
  schemas: SchemaTable,
  typeName: string,
  depth = 4,
): fc.Arbitrary<Record<string, unknown>> {
  const fields = Object.entries(schemas[typeName]?.fields ?? {}).filter(
    ([name]) => name !== "kind" && name !== "apiVersion",
  );
  const entries = fields.map(([name, field]) => [
    name,
    fc.option(arbitraryField(schemas, field, depth), { nil: undefined, freq: 2 }),
  ]);
  return fc
    .record(Object.fromEntries(entries) as Record<string, fc.Arbitrary<unknown>>)
    .map((record) => Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)));
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
      return fc.array(arbitraryField(schemas, field.items ?? {}, depth), { minLength: 1, maxLength: 2 });
    default:
      return field.values === undefined
        ? free
        : fc.dictionary(word, arbitraryField(schemas, field.values, depth), { minKeys: 1, maxKeys: 2 });
  }
}
