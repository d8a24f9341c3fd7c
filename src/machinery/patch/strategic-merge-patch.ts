/**
 * Strategic merge patches (`application/strategic-merge-patch+json`): merge patches that merge lists by key where the
 * schema says so, with the directives `$patch`, `$retainKeys`, `$setElementOrder/…` and `$deleteFromPrimitiveList/…`.
 * Follows apimachinery's pkg/util/strategicpatch, its order of list elements included.
 */
import { isInteger } from "../codec/json.ts";
import { badRequest } from "../errors/status-error.ts";
import { deepEqual, setAt, valueAt } from "../meta/accessors.ts";
import type { FieldSchema, SchemaTable } from "../schema/types.ts";
import {
  deleteScalars,
  directiveMarker,
  isObject,
  type Json,
  mergeScalars,
  partition,
  placeElements,
  positions,
  setElementOrderPrefix,
  withoutDirectives,
  withoutNulls,
} from "./list-merge.ts";
import { patchDoesNotApply, patchFailed } from "./patch-error.ts";

const deleteFromListPrefix = "$deleteFromPrimitiveList/";
const retainKeysDirective = "$retainKeys";

/** What the schema says of a value: its fields or the values of a map, and for lists how to merge. */
interface Shape {
  readonly fields?: Readonly<Record<string, FieldSchema>> | undefined;
  readonly values?: FieldSchema | undefined;
  readonly name: string;
}
interface ListShape {
  readonly element: Shape;
  readonly merges: boolean;
  /** Empty for lists of scalars. */
  readonly mergeKey: string;
}

/**
 * The patched document; inputs are not changed and may share parts with the result. Throws StatusError: 400 for bad
 * directives and elements without merge key, 422 for lists of lists.
 */
export function applyStrategicMergePatch(
  document: Readonly<Json>,
  patch: unknown,
  schemas: SchemaTable,
  typeName: string,
): Json {
  if (!isObject(patch)) {
    const found = Array.isArray(patch) ? "array" : patch === null ? "null" : typeof patch;
    throw badRequest(`json: cannot unmarshal ${found} into Go value of type map[string]interface {}`);
  }
  return new Merger(schemas).object(document, patch, { fields: schemas[typeName]?.fields, name: typeName });
}

class Merger {
  readonly #schemas: SchemaTable;

  constructor(schemas: SchemaTable) {
    this.#schemas = schemas;
  }

  object(original: Readonly<Json>, patch: Readonly<Json>, shape: Shape): Json {
    if (Object.hasOwn(patch, directiveMarker)) return applyDirective(patch);
    const result = retainKeys(original, patch);
    const done = this.#orderedLists(result, patch, shape);
    for (const [key, value] of Object.entries(patch)) {
      if (key === retainKeysDirective || done.has(key)) continue;
      const deletes = key.startsWith(deleteFromListPrefix);
      const field = deletes ? key.slice(deleteFromListPrefix.length) : key;
      if (value === null) delete result[field];
      else this.#field(result, field, value, shape, deletes);
    }
    return result;
  }

  #field(result: Json, field: string, value: unknown, shape: Shape, deletes: boolean): void {
    const current = valueAt(result, field);
    let next: unknown;
    if (isObject(current) && isObject(value)) {
      const schema = fieldOf(shape, field);
      const replaces = strategyOf(schema) === "replace";
      next = replaces ? value : this.object(current, value, this.#shape(schema, field));
    } else if (Array.isArray(current) && Array.isArray(value)) {
      next = this.#list(current, value, this.#listShape(shape, field), deletes);
    } else if (deletes) return;
    else next = withoutDirectives(withoutNulls(value));
    if (next === undefined) delete result[field];
    else setAt(result, field, next);
  }

  /** Merges the lists that a $setElementOrder directive names; returns the patch's keys that are done with. */
  #orderedLists(result: Json, patch: Readonly<Json>, shape: Shape): ReadonlySet<string> {
    const done = new Set<string>();
    for (const [key, order] of Object.entries(patch)) {
      if (!key.startsWith(setElementOrderPrefix)) continue;
      done.add(key);
      const field = key.slice(setElementOrderPrefix.length);
      const current = valueAt(result, field);
      const change = valueAt(patch, field);
      for (const list of [order, current, change]) {
        if (list !== undefined && !Array.isArray(list))
          throw patchFailed(`expected a []interface {}, but received a ${goTypeName(list)}`);
      }
      if (current === undefined && change === undefined) continue;
      done.add(field);
      const listShape = this.#listShape(shape, field);
      checkOrder((change ?? []) as unknown[], order as unknown[], listShape.mergeKey);
      setAt(result, field, this.#orderedList(current as unknown[], change as unknown[], order as unknown[], listShape));
    }
    return done;
  }

  #orderedList(
    current: unknown[] | undefined,
    change: unknown[] | undefined,
    order: unknown[],
    shape: ListShape,
  ): unknown[] {
    const { mergeKey } = shape;
    let merged = current ?? [];
    let serverOrder = merged;
    if (current === undefined) merged = withoutDirectives(change) as unknown[];
    else if (change !== undefined) {
      merged = this.#list(current, change, shape, false, (unsorted) => {
        // Upstream merges in place: what was added took the places of what was deleted in the list it orders by.
        serverOrder = unsorted.slice(0, current.length);
      });
    }
    return placeElements(partition(merged, order, mergeKey), order, serverOrder, mergeKey);
  }

  #list(
    current: readonly unknown[],
    change: readonly unknown[],
    shape: ListShape,
    deletes: boolean,
    onMerged?: (unsorted: readonly unknown[]) => void,
  ): unknown[] {
    if (!deletes && !shape.merges) return [...change];
    if (current.length === 0 && change.length === 0) return [];
    if (!isListOfObjects(current, change)) {
      if (deletes) return deleteScalars(current, change);
      return placeElements(partition(mergeScalars(current, change), change, ""), change, current, "");
    }
    const { mergeKey, element } = shape;
    if (mergeKey === "") throw patchFailed(`cannot merge lists without merge key for ${element.name}`);
    const { kept, changes } = applyElementDirectives(current as Json[], change as Json[], mergeKey);
    const merged = [...kept];
    const places = positions(merged, mergeKey);
    for (const changed of changes) {
      const key = changed[mergeKey];
      if (key === undefined) throw noMergeKey(changed, mergeKey);
      const index = places.get(key);
      if (index !== undefined) merged[index] = this.object(merged[index] as Json, changed, element);
      else {
        places.set(key, merged.length);
        merged.push(changed);
      }
    }
    for (const one of merged) if (!Object.hasOwn(one, mergeKey)) throw noMergeKey(one, mergeKey);
    onMerged?.(merged);
    return placeElements(partition(merged, changes, mergeKey), changes, kept, mergeKey);
  }

  #shape(field: FieldSchema | undefined, name: string): Shape {
    if (field?.ref === undefined) return { values: field?.values, name };
    return { fields: this.#schemas[field.ref]?.fields, values: this.#schemas[field.ref]?.values, name: field.ref };
  }

  #listShape(shape: Shape, name: string): ListShape {
    const field = fieldOf(shape, name);
    const mergeKey = field?.patchMergeKey ?? "";
    return { element: this.#shape(field?.items, name), merges: strategyOf(field) === "merge", mergeKey };
  }
}

function fieldOf(shape: Shape, name: string): FieldSchema | undefined {
  if (shape.fields !== undefined && Object.hasOwn(shape.fields, name)) return shape.fields[name];
  return shape.values;
}

/** The strategy besides retainKeys, which only clients look at. */
const strategyOf = (field: FieldSchema | undefined): string =>
  field?.patchStrategy?.split(",").find((strategy) => strategy !== "retainKeys") ?? "";

function applyDirective(patch: Readonly<Json>): Json {
  const { [directiveMarker]: directive, ...rest } = patch;
  if (directive === "replace") return rest;
  if (directive === "delete") return {};
  throw patchFailed(`unknown patch type: ${shown(directive)} in map: ${JSON.stringify(patch)}`);
}

/** A copy of the original with only the keys that `$retainKeys` names, where it is there. */
function retainKeys(original: Readonly<Json>, patch: Readonly<Json>): Json {
  const retained = patch[retainKeysDirective];
  if (retained === undefined) return { ...original };
  if (!Array.isArray(retained)) throw badRequest("invalid patch format of retainKeys");
  for (const [key, value] of Object.entries(patch)) {
    const isDirective =
      key === retainKeysDirective || key.startsWith(deleteFromListPrefix) || key.startsWith(setElementOrderPrefix);
    if (value !== null && !isDirective && !retained.includes(key))
      throw badRequest("invalid patch format of retainKeys");
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => retained.includes(key)));
}

/** Carries out `$patch: delete` and `$patch: replace` elements; the rest of the patch is still to be merged. */
function applyElementDirectives(
  current: readonly Json[],
  change: readonly Json[],
  mergeKey: string,
): { kept: Json[]; changes: Json[] } {
  const deleted = new Set<unknown>();
  const changes: Json[] = [];
  let replace = false;
  for (const element of change) {
    const directive = element[directiveMarker];
    if (directive === undefined) changes.push(element);
    else if (directive === "replace") replace = true;
    else if (directive === "delete") {
      if (!Object.hasOwn(element, mergeKey)) throw noMergeKey(element, mergeKey);
      deleted.add(element[mergeKey]);
    } else if (directive === "merge") throw patchFailed("merging lists cannot yet be specified in the patch");
    else throw patchFailed(`unknown patch type: ${shown(directive)} in map: ${JSON.stringify(element)}`);
  }
  if (replace) return { kept: changes, changes: [] };
  return { kept: current.filter((candidate) => !deleted.has(candidate[mergeKey])), changes };
}

const shown = (directive: unknown): string => (typeof directive === "string" ? directive : JSON.stringify(directive));

const noMergeKey = (element: Json, mergeKey: string): Error =>
  patchFailed(`map: ${JSON.stringify(element)} does not contain declared merge key: ${mergeKey}`);

function goTypeName(value: unknown): string {
  if (value === null) return "<nil>";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number" || typeof value === "bigint") return isInteger(value) ? "int64" : "float64";
  return isObject(value) ? "map[string]interface {}" : typeof value;
}

/** Whether the elements are objects; mixed lists are refused. */
function isListOfObjects(current: readonly unknown[], change: readonly unknown[]): boolean {
  let objects: boolean | undefined;
  for (const element of [...current, ...change]) {
    if (Array.isArray(element)) throw patchDoesNotApply(new Error("lists of lists are not supported"));
    const isObjectHere = isObject(element);
    objects ??= isObjectHere;
    if (objects !== isObjectHere) {
      throw patchFailed(`list element types are not identical: ${JSON.stringify([current, change])}`);
    }
  }
  return objects === true;
}

/** The patch's elements must occur in the order list, in the same order; deletions are left out of account. */
function checkOrder(change: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
  if (change.length === 0 || order.length === 0) return;
  let position = 0;
  for (const element of change) {
    if (isObject(element) && element[directiveMarker] !== undefined) continue;
    const isSame = (other: unknown): boolean =>
      mergeKey === "" ? other === element : deepEqual((other as Json)[mergeKey], (element as Json)[mergeKey]);
    while (position < order.length && !isSame(order[position])) position++;
    if (position === order.length) {
      throw patchFailed(
        `The order in patch list:\n${JSON.stringify(change)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`,
      );
    }
    position++;
  }
}
