/** How server-side apply sees the types of the table: scalars, lists and maps, each atomic or merged by element. */
import { setAt, valueAt } from "../../meta/accessors.ts";
import type { FieldSchema, SchemaTable, TypeSchema } from "../../schema/types.ts";
import { keyElement, valueElement } from "./field-set.ts";

export interface Shape {
  readonly kind: "scalar" | "list" | "map";
  /** Owned as a whole. */
  readonly atomic: boolean;
  /** Of lists of objects; undefined for sets of scalars. */
  readonly keys?: readonly string[];
  /** Whether a map's key is a field of the type; the other keys are owned as such. */
  isField(name: string): boolean;
  /** Of a map's value, or of a list's element. */
  child(name: string): Shape;
  /** Of a key that an element leaves out. */
  keyDefault(name: string): unknown;
}

const scalar: Shape = {
  kind: "scalar",
  atomic: true,
  isField: () => false,
  child: () => scalar,
  keyDefault: () => undefined,
};
/** Free-form values that are kept as a whole. */
const atomicMap: Shape = { ...scalar, kind: "map" };
/** Values without a schema in custom resources: maps are merged, lists are atomic. */
export const deduced: Shape = { ...scalar, kind: "map", atomic: false, child: () => deduced };

const shapeCaches = new WeakMap<SchemaTable, Map<string, Shape>>();

export function shapeOfType(schemas: SchemaTable, name: string): Shape {
  let cache = shapeCaches.get(schemas);
  if (cache === undefined) {
    cache = new Map();
    shapeCaches.set(schemas, cache);
  }
  let shape = cache.get(name);
  if (shape === undefined) {
    const schema = schemas[name];
    shape = schema === undefined ? deduced : shapeOf(schemas, schema);
    cache.set(name, shape);
  }
  return shape;
}

function shapeOf(schemas: SchemaTable, schema: FieldSchema | TypeSchema): Shape {
  if (schema.ref !== undefined) {
    const target = shapeOfType(schemas, schema.ref);
    return schema.mapType === "atomic" ? { ...target, atomic: true } : target;
  }
  const fields = "fields" in schema ? schema.fields : undefined;
  if (fields !== undefined) return mapShape(schemas, fields, schema);
  if (schema.type === "array") return listShape(schemas, schema);
  if (schema.values !== undefined) return mapShape(schemas, {}, schema);
  if (schema.preserveUnknown === true) return deduced;
  return schema.type === "object" || schema.type === undefined ? atomicMap : scalar;
}

function mapShape(schemas: SchemaTable, fields: Readonly<Record<string, FieldSchema>>, schema: FieldSchema): Shape {
  const shapes = new Map<string, Shape>();
  const values = schema.values === undefined ? deduced : shapeOf(schemas, schema.values);
  return {
    kind: "map",
    atomic: schema.mapType === "atomic",
    isField: (name) => Object.hasOwn(fields, name),
    child: (name) => {
      const known = shapes.get(name);
      if (known !== undefined) return known;
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (field === undefined) return values;
      const shape = shapeOf(schemas, field);
      shapes.set(name, shape);
      return shape;
    },
    keyDefault: (name) => (Object.hasOwn(fields, name) ? fields[name]?.default : undefined),
  };
}

/** Without a list type, the patch strategy tells whether elements are merged, as upstream. */
function listShape(schemas: SchemaTable, schema: FieldSchema): Shape {
  const merges = schema.patchStrategy?.split(",").includes("merge") === true;
  const listType = schema.listType ?? (merges ? (schema.patchMergeKey === undefined ? "set" : "map") : "atomic");
  const keys = schema.listMapKeys ?? (schema.patchMergeKey === undefined ? [] : [schema.patchMergeKey]);
  let element: Shape | undefined;
  const child = (): Shape => {
    element ??= shapeOf(schemas, schema.items ?? {});
    return element;
  };
  const base = { kind: "list", atomic: listType === "atomic", isField: () => false, child } as const;
  return { ...base, keyDefault: (name) => child().keyDefault(name), ...(listType === "map" ? { keys } : {}) };
}

/** A value that server-side apply cannot look into. */
export class UntypedValueError extends Error {
  override name = "UntypedValueError";
}

/** A list item's path element. Throws UntypedValueError for items that have none. */
export function itemElement(item: unknown, list: Shape): string {
  if (list.keys === undefined) {
    if (typeof item !== "object") return valueElement(item);
    if (item === null)
      throw new UntypedValueError("associative list without keys has an element that's an explicit null");
    throw new UntypedValueError(
      Array.isArray(item)
        ? "not supported: associative list with lists as elements"
        : "associative list without keys has an element that's a map type",
    );
  }
  if (typeof item !== "object" || item === null || Array.isArray(item)) {
    throw new UntypedValueError(
      `associative list with keys may not have ${item === null ? "a null element" : "non-map elements"}`,
    );
  }
  const keys: Record<string, unknown> = {};
  for (const name of list.keys) {
    const value = valueAt(item as Record<string, unknown>, name) ?? list.keyDefault(name);
    if (value !== undefined) setAt(keys, name, value);
  }
  if (Object.keys(keys).length === 0) {
    const names = list.keys.map((name) => JSON.stringify(name)).join(" ");
    throw new UntypedValueError(
      `associative list with keys has an element that omits all key fields [${names}] (and doesn't have default values for any key fields)`,
    );
  }
  return keyElement(keys);
}

/** The shape at the end of a path element. */
export function shapeBelow(shape: Shape, element: string): Shape {
  return shape.child(element.startsWith("f:") ? element.slice(2) : "");
}
