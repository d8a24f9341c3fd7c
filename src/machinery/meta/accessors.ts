/** Copies, freezing, ownership and generated names of objects. */
import { randomBytes, randomUUID } from "node:crypto";
import type { KubernetesObject, OwnerReference } from "./object.ts";

/** A deep, mutable copy of a JSON value; faster than structuredClone. */
export function deepCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const list = new Array<unknown>(value.length);
    for (let index = 0; index < value.length; index++) list[index] = deepCopy(value[index] as unknown);
    return list as T;
  }
  const copy: Record<string, unknown> = {};
  for (const key in value) {
    const child = value[key];
    const next = typeof child === "object" ? deepCopy(child) : child;
    setAt(copy, key, next);
  }
  return copy as T;
}

/** Freezes a JSON value in place, parts that are frozen already excepted; returns it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key in value) deepFreeze(value[key]);
  return value;
}

/** The value under a key that somebody else chose: never what every object inherits, as under `constructor`. */
export function valueAt<T>(map: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return map !== undefined && Object.hasOwn(map, key) ? map[key] : undefined;
}

/** Puts a value under a key that somebody else chose: under `__proto__`, too, where assigning would set the prototype. */
export function setAt<T>(map: Record<string, T>, key: string, value: NoInfer<T>): void {
  if (key !== "__proto__") map[key] = value;
  else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Names under which every object has something. */
const inherited = Object.prototype;

/** Whether two JSON values are the same; properties that are undefined count as absent, their order not at all. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return isSameNumber(a, b);
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    for (let index = 0; index < a.length; index++) if (!deepEqual(a[index], b[index])) return false;
    return true;
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key in left) if (!deepEqual(left[key], key in inherited ? valueAt(right, key) : right[key])) return false;
  for (const key in right) {
    const there = key in inherited ? valueAt(left, key) : left[key];
    if (there === undefined && right[key] !== undefined) return false;
  }
  return true;
}

/** A float of 1e18 and the integer that is written as it is: the one becomes the other when it is stored. */
export function isSameNumber(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "bigint") return a >= b && a <= b;
  return typeof a === "bigint" && typeof b === "number" && isSameNumber(b, a);
}

/** The owner reference with `controller: true`, if there is one. */
export function controllerOf(object: KubernetesObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(object: KubernetesObject, owner: KubernetesObject): boolean {
  const uid = controllerOf(object)?.uid;
  return uid !== undefined && uid === owner.metadata?.uid;
}

/** Vowels, and digits that look like them, are left out so that no words come up (apimachinery's rand). */
export const wordlessAlphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
/** A generated name is at most 63 bytes, so that it can be a label. */
const maximumPrefixLength = 63 - suffixLength;

/** `length` random characters of upstream's alphabet of names. */
export function randomSuffix(length = suffixLength): string {
  let suffix = "";
  while (suffix.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 243 && suffix.length < length) suffix += wordlessAlphabet[byte % 27];
    }
  }
  return suffix;
}

/** metadata.name from metadata.generateName. */
export function generateName(prefix: string): string {
  return prefix.slice(0, maximumPrefixLength) + randomSuffix();
}

export function generateUid(): string {
  return randomUUID();
}
