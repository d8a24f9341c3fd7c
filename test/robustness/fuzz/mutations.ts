/** Changes to a valid object, one or a few at a time, so that what lies behind the first check is reached as well. */
import type { FieldSchema, SchemaTable } from "../../../src/machinery/schema/types.ts";
import type { Random } from "./random.ts";
import { oddText, oddValue, RawText } from "./values.ts";

type Json = Record<string, unknown>;
type Place = { readonly holder: Json | unknown[]; readonly key: string | number };

const isMap = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof RawText);

function places(value: unknown, found: Place[] = []): Place[] {
  const visit = (holder: Json | unknown[], key: string | number, child: unknown): void => {
    found.push({ holder, key });
    places(child, found);
  };
  if (Array.isArray(value)) for (const [index, child] of value.entries()) visit(value, index, child);
  else if (isMap(value)) for (const [key, child] of Object.entries(value)) visit(value, key, child);
  return found;
}

function set({ holder, key }: Place, value: unknown): void {
  if (Array.isArray(holder)) holder[key as number] = value;
  else Object.defineProperty(holder, key, { value, enumerable: true, configurable: true, writable: true });
}

const get = ({ holder, key }: Place): unknown => (Array.isArray(holder) ? holder[key as number] : holder[key]);

/** Changes the object in place. */
export function mutate(object: Json, random: Random): void {
  for (let count = 1 + random.below(random.chance(0.7) ? 1 : 5); count > 0; count--) {
    const all = places(object);
    if (all.length === 0) return;
    mutateAt(random.pick(all), all, random);
  }
}

function mutateAt(place: Place, all: readonly Place[], random: Random): void {
  const value = get(place);
  switch (random.below(10)) {
    case 0:
      set(place, null);
      return;
    case 1:
      if (Array.isArray(place.holder)) place.holder.splice(place.key as number, 1);
      else delete place.holder[place.key];
      return;
    case 2:
      if (isMap(value)) set({ holder: value, key: oddText(random) }, oddValue(random));
      else set(place, [value, value]);
      return;
    case 3:
      if (Array.isArray(value)) value.push(random.chance(0.5) ? value[0] : oddValue(random));
      else set(place, Array.isArray(value) ? {} : []);
      return;
    case 4:
      set(place, isMap(value) ? {} : random.pick(["", 0, {}, []]));
      return;
    case 5:
      set(place, copy(get(random.pick(all))));
      return;
    case 6:
      if (typeof value === "string") set(place, value + oddText(random));
      else set(place, oddValue(random));
      return;
    default:
      set(place, typeof value === "string" && random.chance(0.7) ? oddText(random) : oddValue(random));
  }
}

/** Values that are shared or contain themselves would be no JSON. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, copy(child)]));
}

const interesting: Readonly<Record<string, readonly unknown[]>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": ["1", "500m", "1Gi", 0.5, "-1", "1e3", "x", ""],
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": [80, "http", "25%", 0, "", -1, "101%"],
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": ["2026-01-01T00:00:00Z"],
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": ["2026-01-01T00:00:00.000001Z"],
};

/** An object of a type of the table with few or many of its fields, right in type and nothing more. */
export function generate(schemas: SchemaTable, typeName: string, random: Random, depth = 5): unknown {
  const known = interesting[typeName];
  if (known !== undefined) return random.pick(known);
  const schema = schemas[typeName];
  if (schema?.fields === undefined) {
    return schema?.type === undefined && schema?.items === undefined
      ? { a: 1 }
      : fieldValue(schemas, schema, random, depth);
  }
  const object: Json = {};
  const density = random.pick([0.1, 0.3, 0.8]);
  for (const [name, field] of Object.entries(schema.fields)) {
    const wanted = schema.required?.includes(name) === true ? 0.9 : depth <= 0 ? 0 : density;
    if (name !== "apiVersion" && name !== "kind" && random.chance(wanted)) {
      object[name] = fieldValue(schemas, field, random, depth - 1);
    }
  }
  return object;
}

function fieldValue(schemas: SchemaTable, field: FieldSchema, random: Random, depth: number): unknown {
  if (field.ref !== undefined) return depth < -2 ? {} : generate(schemas, field.ref, random, depth);
  switch (field.type) {
    case "string":
      return random.chance(0.5) ? random.pick(["a", "Always", "TCP", "default", "b.example.com"]) : oddText(random);
    case "integer":
      return random.pick([0, 1, 80, -1, 65536, 2 ** 31 - 1, 2n ** 63n - 1n]);
    case "number":
      return random.pick([0, 1.5, -1]);
    case "boolean":
      return random.chance(0.5);
    case "array": {
      const items = field.items ?? {};
      return Array.from({ length: random.below(3) }, () => fieldValue(schemas, items, random, depth - 1));
    }
    default: {
      if (field.values === undefined) return random.pick([{}, { a: 1 }, { a: null }]);
      const entries = Array.from({ length: random.below(3) }, () => [
        random.pick(["a", "b.example.com/c", oddText(random)]),
        fieldValue(schemas, field.values as FieldSchema, random, depth - 1),
      ]);
      return Object.fromEntries(entries) as Json;
    }
  }
}
