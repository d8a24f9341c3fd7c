/**
 * Sets of field paths as a tree: what managedFields says of who owns what. A path is a list of elements in the text
 * form of FieldsV1: `f:name` (field or map key), `k:{"name":"a"}` (list item by keys), `v:"x"` (item of a set).
 * Semantics of structured-merge-diff's fieldpath.Set.
 */
import { parseOwnJson } from "../../codec/json.ts";

export type Path = readonly string[];

/** FieldsV1 as JSON. */
export type FieldsV1 = { readonly [element: string]: FieldsV1 };

export class FieldSet {
  readonly members = new Set<string>();
  readonly children = new Map<string, FieldSet>();

  static of(...paths: readonly Path[]): FieldSet {
    const set = new FieldSet();
    for (const path of paths) set.insert(path);
    return set;
  }

  /** Adds in place; for sets under construction. */
  insert(path: Path): void {
    let set: FieldSet = this;
    for (const element of path.slice(0, -1)) set = set.#descend(element);
    const last = path.at(-1);
    if (last !== undefined) set.members.add(last);
  }

  #descend(element: string): FieldSet {
    const known = this.children.get(element);
    if (known !== undefined) return known;
    const child = new FieldSet();
    this.children.set(element, child);
    return child;
  }

  get empty(): boolean {
    if (this.members.size > 0) return false;
    for (const child of this.children.values()) if (!child.empty) return false;
    return true;
  }

  has(path: Path): boolean {
    const [first, ...rest] = path;
    if (first === undefined) return false;
    return rest.length === 0 ? this.members.has(first) : this.children.get(first)?.has(rest) === true;
  }

  union(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const set of [this, other]) for (const member of set.members) result.members.add(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      result.children.set(element, theirs === undefined ? child : child.union(theirs));
    }
    for (const [element, child] of other.children) if (!this.children.has(element)) result.children.set(element, child);
    return result;
  }

  /** Of many sets, in halves: one after the other would copy the growing union as many times. */
  static unionOf(sets: readonly FieldSet[]): FieldSet {
    const [first, second] = sets;
    if (first === undefined) return new FieldSet();
    if (second === undefined) return first;
    const half = sets.length >> 1;
    return FieldSet.unionOf(sets.slice(0, half)).union(FieldSet.unionOf(sets.slice(half)));
  }

  intersection(other: FieldSet): FieldSet {
    const result = new FieldSet();
    for (const member of this.members) if (other.members.has(member)) result.members.add(member);
    for (const [element, child] of this.children) {
      const theirs = other.children.get(element);
      if (theirs !== undefined) result.attach(element, child.intersection(theirs));
    }
    return result;
  }

  /** Without the members of `other`; what is below them stays. */
  difference(other: FieldSet): FieldSet {
    return this.#without(other, false);
  }

  /** Without the members of `other` and all that is below them. */
  recursiveDifference(other: FieldSet): FieldSet {
    return this.#without(other, true);
  }

  #without(other: FieldSet, recursive: boolean): FieldSet {
    const result = new FieldSet();
    for (const member of this.members) if (!other.members.has(member)) result.members.add(member);
    for (const [element, child] of this.children) {
      if (recursive && other.members.has(element)) continue;
      const theirs = other.children.get(element);
      result.attach(element, theirs === undefined ? child : child.#without(theirs, recursive));
    }
    return result;
  }

  /** Adds a subtree in place, unless it is empty; for sets under construction. */
  attach(element: string, child: FieldSet): void {
    if (!child.empty) this.children.set(element, child);
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).empty && other.difference(this).empty;
  }

  /** Every member's path, parents first. */
  *paths(prefix: Path = []): Generator<Path> {
    for (const element of this.#elements()) {
      const path = [...prefix, element];
      if (this.members.has(element)) yield path;
      const child = this.children.get(element);
      if (child !== undefined) yield* child.paths(path);
    }
  }

  toFields(): FieldsV1 {
    const fields: Record<string, FieldsV1> = {};
    this.#writeFields(fields);
    return fields;
  }

  #writeFields(fields: Record<string, FieldsV1>): void {
    for (const element of this.#elements()) {
      const child = this.children.get(element);
      const isMember = this.members.has(element);
      if (child === undefined || child.empty) {
        if (isMember) fields[element] = {};
        continue;
      }
      const below: Record<string, FieldsV1> = isMember ? { ".": {} } : {};
      child.#writeFields(below);
      fields[element] = below;
    }
  }

  /** Of members and children, sorted. */
  #elements(): string[] {
    const elements = [...this.members];
    for (const element of this.children.keys()) if (!this.members.has(element)) elements.push(element);
    return elements.length > 1 ? elements.sort() : elements;
  }

  /** Throws an Error on elements that are none. */
  static fromFields(fields: FieldsV1): FieldSet {
    const set = new FieldSet();
    for (const [text, below] of Object.entries(fields)) {
      if (text === ".") continue;
      const element = canonicalElement(text);
      const isLeaf = Object.keys(below).length === 0;
      if (isLeaf || "." in below) set.members.add(element);
      if (!isLeaf) set.attach(element, FieldSet.fromFields(below));
    }
    return set;
  }
}

export const fieldElement = (name: string): string => `f:${name}`;
export const valueElement = (value: unknown): string => `v:${JSON.stringify(value)}`;

/** Keys in alphabetical order. */
export function keyElement(keys: Readonly<Record<string, unknown>>): string {
  const names = Object.keys(keys);
  if (names.length > 1) names.sort();
  let text = "";
  for (const name of names) text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${JSON.stringify(keys[name])}`;
  return `k:{${text}}`;
}

function canonicalElement(text: string): string {
  if (text.startsWith("f:")) return text;
  if (text.startsWith("k:")) return keyElement(parseOwnJson(text.slice(2)) as Record<string, unknown>);
  if (text.startsWith("v:")) return valueElement(parseOwnJson(text.slice(2)));
  if (/^i:\d+$/.test(text)) return text;
  throw new Error(`unknown path element type: ${text}`);
}

/** `.spec.containers[name="a"].image`, the form of conflict messages. */
export function formatPath(path: Path): string {
  return path.map(formatElement).join("");
}

function formatElement(element: string): string {
  const content = element.slice(2);
  if (element.startsWith("f:")) return `.${content}`;
  if (element.startsWith("v:")) return `[=${content}]`;
  if (element.startsWith("i:")) return `[${content}]`;
  const keys = Object.entries(parseOwnJson(content) as Record<string, unknown>);
  return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",")}]`;
}
