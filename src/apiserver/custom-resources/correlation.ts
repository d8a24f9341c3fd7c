/**
 * Which part of an object came out of which part of the object before: what an update did not touch may stay as wrong as
 * it was (validation ratcheting). Follows apiserver's cel/common CorrelatedObject.
 */
import { deepEqual, valueAt } from "../../machinery/meta/accessors.ts";
import { childSchema, isMap, type JsonSchema } from "./schema.ts";

export interface CorrelatedPair {
  readonly value: unknown;
  readonly old: unknown;
  readonly schema: JsonSchema;
}

/** A value, its past, and on demand the same of what is inside. Only what the schema describes has a past. */
export class Correlated {
  readonly #pair: CorrelatedPair;
  readonly #children = new Map<string | number, Correlated | undefined>();
  #findOld: ((item: unknown) => unknown) | undefined;
  #unchanged: boolean | undefined;

  constructor(pair: CorrelatedPair) {
    this.#pair = pair;
  }

  /** The value under a key; undefined where it has no past. */
  key(name: string): Correlated | undefined {
    return this.#child(name, () => {
      const { value, old, schema } = this.#pair;
      if (!isMap(value) || !isMap(old) || !Object.hasOwn(value, name) || !Object.hasOwn(old, name)) return undefined;
      const below = childSchema(schema, name);
      if (below === undefined || value[name] === undefined || old[name] === undefined) return undefined;
      return { value: value[name], old: old[name], schema: below };
    });
  }

  /** The item of a list of type map; items of other lists have no past of their own. */
  item(index: number): Correlated | undefined {
    return this.#child(index, () => {
      const { value, old, schema } = this.#pair;
      if (!Array.isArray(value) || schema.items === undefined) return undefined;
      this.#findOld ??= oldItems(old, schema);
      const before = this.#findOld(value[index]);
      return before === undefined ? undefined : { value: value[index], old: before, schema: schema.items };
    });
  }

  /** Whether the value is as it was. Items of a list of type map may have changed places. */
  unchanged(): boolean {
    this.#unchanged ??= this.#compare();
    return this.#unchanged;
  }

  #child(place: string | number, find: () => CorrelatedPair | undefined): Correlated | undefined {
    if (!this.#children.has(place)) {
      const pair = find();
      this.#children.set(place, pair === undefined ? undefined : new Correlated(pair));
    }
    return this.#children.get(place);
  }

  #compare(): boolean {
    const { value, old, schema } = this.#pair;
    if (Array.isArray(value)) {
      if (!Array.isArray(old) || value.length !== old.length) return false;
      if (schema["x-kubernetes-list-type"] !== "map") return deepEqual(value, old);
      return value.every((_, index) => this.item(index)?.unchanged() === true);
    }
    if (!isMap(value)) return value === old;
    const keys = presentKeys(value);
    return (
      isMap(old) && keys.length === presentKeys(old).length && keys.every((key) => this.key(key)?.unchanged() === true)
    );
  }
}

const presentKeys = (map: Record<string, unknown>): string[] =>
  Object.keys(map).filter((key) => map[key] !== undefined);

/** Finds the item of an old list with the same keys as a new one; nothing in lists that are not of type map. */
export function oldItems(old: unknown, schema: JsonSchema): (item: unknown) => unknown {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (!Array.isArray(old) || schema["x-kubernetes-list-type"] !== "map" || keys.length === 0) return () => undefined;
  const items = new Map<string, unknown>();
  for (const item of old) {
    const key = compositeKey(item, keys);
    if (key !== undefined && !items.has(key)) items.set(key, item);
  }
  return (item) => {
    const key = compositeKey(item, keys);
    return key === undefined ? undefined : items.get(key);
  };
}

function compositeKey(item: unknown, keys: readonly string[]): string | undefined {
  if (!isMap(item)) return undefined;
  const values = keys.map((key) => valueAt(item, key));
  const scalar = (value: unknown): boolean => ["boolean", "number", "bigint", "string"].includes(typeof value);
  return values.every(scalar) ? JSON.stringify(values) : undefined;
}
