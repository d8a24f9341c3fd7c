/**
 * Values seen through their shapes: the fields that a value sets, how two values differ, how a configuration merges
 * into a live object, and the removal of fields. Semantics of structured-merge-diff's typed.TypedValue. `undefined`
 * stands for an absent value.
 */
import { deepEqual, setAt, valueAt } from "../../meta/accessors.ts";
import { FieldSet, fieldElement } from "./field-set.ts";
import { itemElement, type Shape, shapeBelow, UntypedValueError } from "./shape.ts";

type Json = Record<string, unknown>;

const isMap = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value);
const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) ? value.length === 0 : isMap(value) && Object.keys(value).length === 0);

/** Whether a value is owned as a whole, by its shape or because it is not what the shape says. */
function isLeaf(shape: Shape, ...values: unknown[]): boolean {
  if (shape.atomic || shape.kind === "scalar") return true;
  const fits = shape.kind === "list" ? Array.isArray : isMap;
  return values.some((value) => value !== undefined && value !== null && !fits(value));
}

/** The paths that a configuration sets. */
export function toFieldSet(value: unknown, shape: Shape): FieldSet {
  const set = new FieldSet();
  collect(value, shape, set);
  return set;
}

function collect(value: unknown, shape: Shape, set: FieldSet): void {
  const visit = (element: string, child: unknown, isMember: boolean): void => {
    const below = shapeBelow(shape, element);
    if (isMember || isLeaf(below, child)) set.members.add(element);
    if (isLeaf(below, child) || isEmpty(child)) return;
    const subset = set.children.get(element) ?? new FieldSet();
    collect(child, below, subset);
    if (!subset.empty) set.children.set(element, subset);
  };
  if (Array.isArray(value)) for (const item of value) visit(itemElement(item, shape), item, true);
  else if (isMap(value)) {
    for (const [name, child] of Object.entries(value)) {
      const isEmptyMap = child === null || (isMap(child) && isEmpty(child));
      visit(fieldElement(name), child, isEmptyMap || !shape.isField(name));
    }
  }
}

export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

/** What changed from `left` to `right`. Parts that they share are not looked into. */
export function compare(left: unknown, right: unknown, shape: Shape): Comparison {
  const comparison = noChanges();
  compareChildren(left, right, shape, comparison);
  return comparison;
}

const noChanges = (): Comparison => ({ removed: new FieldSet(), modified: new FieldSet(), added: new FieldSet() });

/** Compares the values at `element`, writing into the comparison of what holds it. */
function compareAt(left: unknown, right: unknown, shape: Shape, element: string, holder: Comparison): void {
  if (left === right) return;
  const leaf = isLeaf(shape, left, right) || (isEmpty(left) && isEmpty(right));
  if (left === undefined || right === undefined) {
    const isAdded = left === undefined;
    insertAll(isAdded ? right : left, leaf, shape, element, isAdded ? holder.added : holder.removed);
    return;
  }
  if (leaf) {
    if (!deepEqual(left, right)) holder.modified.members.add(element);
    return;
  }
  const below = noChanges();
  compareChildren(left, right, shape, below);
  holder.removed.attach(element, below.removed);
  holder.modified.attach(element, below.modified);
  holder.added.attach(element, below.added);
}

/** A value that is on one side alone: all of its paths. */
function insertAll(value: unknown, leaf: boolean, shape: Shape, element: string, set: FieldSet): void {
  set.members.add(element);
  if (leaf) return;
  const below = new FieldSet();
  const insert = (child: unknown, childElement: string, childShape: Shape): void => {
    insertAll(child, isLeaf(childShape, child) || isEmpty(child), childShape, childElement, below);
  };
  if (Array.isArray(value)) {
    for (const [itemKey, items] of indexItems(value, shape)) {
      if (items.length > 1) below.members.add(itemKey);
      else insert(items[0], itemKey, shape.child(""));
    }
  } else {
    const map = value as Json;
    for (const name in map) if (map[name] !== undefined) insert(map[name], fieldElement(name), shape.child(name));
  }
  set.attach(element, below);
}

function compareChildren(left: unknown, right: unknown, shape: Shape, comparison: Comparison): void {
  if (shape.kind === "map") {
    const [before, after] = [(left ?? {}) as Json, (right ?? {}) as Json];
    for (const name in after)
      compareAt(valueAt(before, name), after[name], shape.child(name), fieldElement(name), comparison);
    for (const name in before) {
      if (valueAt(after, name) === undefined)
        compareAt(before[name], undefined, shape.child(name), fieldElement(name), comparison);
    }
    return;
  }
  const [before, after] = [indexItems(left, shape), indexItems(right, shape)];
  for (const element of new Set([...before.keys(), ...after.keys()])) {
    const [old = [], now = []] = [before.get(element), after.get(element)];
    compareItems(old, now, shape.child(""), element, comparison);
  }
}

/** Items of one path element, which live objects may hold several times. */
function compareItems(old: unknown[], now: unknown[], shape: Shape, element: string, comparison: Comparison): void {
  if (old.length <= 1 && now.length <= 1) compareAt(old[0], now[0], shape, element, comparison);
  else if (old.length > 1 && now.length > 1) {
    if (!deepEqual(old, now)) comparison.modified.members.add(element);
  } else if (old.length > 1) {
    if (now.length > 0) compareAt(undefined, now[0], shape, element, comparison);
    comparison.removed.members.add(element);
  } else {
    if (old.length > 0) compareAt(old[0], undefined, shape, element, comparison);
    comparison.added.members.add(element);
  }
}

function indexItems(list: unknown, shape: Shape): Map<string, unknown[]> {
  return Map.groupBy((list ?? []) as unknown[], (item) => itemElement(item, shape));
}

/** `right` merged into `left`. */
export function merge(left: unknown, right: unknown, shape: Shape): unknown {
  if (right === undefined) return left;
  if (left === undefined && isEmpty(right)) return right;
  if (isLeaf(shape, left, right) || (isEmpty(left) && isEmpty(right))) return right;
  if (shape.kind === "list") return mergeLists((left ?? []) as unknown[], (right ?? []) as unknown[], shape);
  const [before, after] = [(left ?? {}) as Json, (right ?? {}) as Json];
  const merged: Json = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const value = merge(valueAt(before, name), valueAt(after, name), shape.child(name));
    if (value !== undefined) setAt(merged, name, value);
  }
  return merged;
}

/** Keeps the order of `right` for the items that it has, with those of `left` alone where they stood among them. */
function mergeLists(left: readonly unknown[], right: readonly unknown[], shape: Shape): unknown[] {
  const leftElements = left.map((item) => itemElement(item, shape));
  const rightElements = right.map((item) => itemElement(item, shape));
  const theirs = new Map(rightElements.map((element, index) => [element, right[index]]));
  if (theirs.size < right.length) throw new UntypedValueError("duplicate entries for key");
  const ours = new Map<string, unknown>();
  // An item that the live object has twice is not merged with.
  for (const [index, element] of leftElements.entries()) ours.set(element, ours.has(element) ? undefined : left[index]);
  const shared = rightElements.filter((element) => ours.has(element));
  const merged: unknown[] = [];
  const done = new Set<string>();
  const take = (element: string): void => {
    done.add(element);
    merged.push(merge(ours.get(element), theirs.get(element), shape.child("")));
    if (shared[0] === element) shared.shift();
  };
  for (let l = 0, r = 0; l < left.length || r < right.length; ) {
    const [ourElement, theirElement] = [leftElements[l], rightElements[r]];
    if (ourElement !== undefined && ourElement === theirElement) {
      take(ourElement);
      l++;
      r++;
      continue;
    }
    if (ourElement !== undefined && theirElement !== undefined && theirs.has(ourElement)) {
      if (shared[0] !== undefined && shared[0] !== ourElement) {
        l++;
        continue;
      }
    }
    if (ourElement !== undefined && !theirs.has(ourElement)) {
      merged.push(left[l]);
      l++;
      continue;
    }
    if (ourElement !== undefined && done.has(ourElement)) l++;
    if (theirElement !== undefined) {
      take(theirElement);
      r++;
    }
  }
  return merged;
}

/** The value without the set's members; lists and maps that become empty go as well (the result is null then). */
export function removeItems(value: unknown, set: FieldSet, shape: Shape): unknown {
  if (!Array.isArray(value) && !isMap(value)) return value;
  if (isEmpty(value) || shape.atomic || shape.kind === "scalar") return null;
  if (Array.isArray(value)) {
    const kept: unknown[] = [];
    for (const item of value) {
      const element = itemElement(item, shape);
      if (set.members.has(element)) continue;
      const subset = set.children.get(element);
      kept.push(subset === undefined || subset.empty ? item : removeItems(item, subset, shape.child("")));
    }
    return kept.length === 0 ? null : kept;
  }
  const kept: [string, unknown][] = [];
  for (const [name, child] of Object.entries(value)) {
    const element = fieldElement(name);
    if (set.members.has(element)) continue;
    const subset = set.children.get(element);
    kept.push([name, subset === undefined || subset.empty ? child : removeItems(child, subset, shape.child(name))]);
  }
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/** Makes every struct field on the way to a member a member too, so that differences reach empty structs. */
export function withNamedFields(set: FieldSet, shape: Shape): FieldSet {
  const result = new FieldSet();
  for (const member of set.members) result.members.add(member);
  for (const [element, child] of set.children) {
    if (element.startsWith("f:") && shape.kind === "map" && shape.isField(element.slice(2)))
      result.members.add(element);
    result.children.set(element, withNamedFields(child, shapeBelow(shape, element)));
  }
  return result;
}
