/** What calls and operators cost at run time: cel-go's tracker and its extensions, and apiserver's library functions. */
import { Optional } from "@marcbachmann/cel-js";
import { Format } from "./format-library.ts";
import { Prefix } from "./network-library.ts";

const characterCost = 0.1;
const patternCost = 0.25;
export const newList = 10;
export const newMap = 30;
const newStruct = 40;
const authorizationCheck = 350_000;

/** Items, keys or characters (here: code units); 1 of what has no parts. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length;
  if (typeof value !== "object" || value === null) return 1;
  if (value instanceof Map) return value.size;
  if (value instanceof Uint8Array) return value.length;
  if (value instanceof Optional) return value.hasValue() ? sizeOf(value.value()) : 1;
  if (value instanceof Prefix) return value.address.bits / 8;
  return isPlain(value) ? Object.keys(value).length : 1;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

const traversed = (size: number, factor = characterCost): number => Math.ceil(size * factor);
const isText = (value: unknown): boolean => typeof value === "string" || value instanceof Uint8Array;

export function costOfOperator(op: string, left: unknown, right: unknown): number {
  switch (op) {
    case "==":
    case "!=":
      return traversed(Math.min(sizeOf(left), sizeOf(right)));
    case "<":
    case "<=":
    case ">":
    case ">=":
      return isText(left) ? traversed(Math.min(sizeOf(left), sizeOf(right))) : 1;
    case "+":
      return isText(left) ? traversed(sizeOf(left) + sizeOf(right)) : 1;
    case "in":
      return Array.isArray(right) ? right.length : 1;
    default:
      return 1;
  }
}

/** Functions that cost by what they make. */
export const costsByResult: ReadonlySet<string> = new Set(["join", "slice", "range", "reverse"]);

/** `args`: the receiver, if any, and the arguments; `result`: of those that cost by it. */
export function costOfCall(name: string, args: readonly unknown[], result: unknown): number {
  const [first, second, third] = args;
  switch (name) {
    case "startsWith":
    case "endsWith":
    case "bytes":
    case "quote":
    case "format":
    case "url":
    case "lowerAscii":
    case "upperAscii":
    case "substring":
    case "trim":
    case "isIP":
    case "cidr":
    case "isCIDR":
    case "quantity":
    case "isQuantity":
    case "semver":
    case "isSemver":
      return isText(first) ? traversed(sizeOf(first)) : 1;
    case "string":
      return first instanceof Uint8Array ? traversed(first.length) : 1;
    case "ip":
      return isText(first) ? traversed(sizeOf(first)) : 1;
    case "isCanonical":
      return traversed(sizeOf(second), 2 * characterCost);
    case "replace":
    case "split":
      return traversed(sizeOf(first), 2 * characterCost);
    case "join":
      return traversed(sizeOf(result), 2 * characterCost);
    case "contains":
      if (!isText(first)) return 1 + sizeOf(second) * sizeOf(third);
      return traversed(sizeOf(first)) * traversed(sizeOf(second));
    case "intersects":
      return 1 + sizeOf(second) * sizeOf(third);
    case "equivalent":
      return 1 + 2 * sizeOf(second) * sizeOf(third);
    case "matches":
    case "find":
    case "findAll":
      return costOfMatch(sizeOf(first), sizeOf(second));
    case "validate":
      return first instanceof Format ? costOfMatch(sizeOf(second), first.patternSize) : 1;
    case "isSorted":
    case "sum":
    case "max":
    case "min":
    case "indexOf":
    case "lastIndexOf":
      return traversal(first);
    case "check":
      return authorizationCheck;
    case "fieldSelector":
    case "labelSelector":
      return newList + traversed(sizeOf(second)) + traversed(traversed(sizeOf(second), 0.5), newList + newStruct);
    case "containsIP":
      return traversed(2 * sizeOf(first)) + (isText(second) ? traversed(sizeOf(second)) : 0);
    case "containsCIDR":
      return (
        1 + traversed(2 * sizeOf(first)) + traversed(sizeOf(first)) + (isText(second) ? traversed(sizeOf(second)) : 0)
      );
    case "slice":
    case "range":
    case "reverse":
      return Array.isArray(result) ? newList + 1 + result.length : 1;
    case "flatten":
      return newList + 1 + Math.floor(sizeOf(first) * (typeof second === "bigint" ? Number(second) : 1));
    case "distinct":
    case "sort":
      return costOfComparing(first as readonly unknown[]);
    default:
      return 1;
  }
}

const costOfMatch = (text: number, pattern: number): number => traversed(1 + text) * traversed(pattern, patternCost);

function costOfComparing(list: readonly unknown[]): number {
  const factor = isText(list[0]) ? 2 + characterCost : 2;
  return newList + 1 + Math.floor(list.length ** 2 * factor);
}

/** Every character and number inside of a value. */
function traversal(value: unknown): number {
  if (typeof value === "string") return Math.floor(Buffer.byteLength(value) * characterCost);
  if (value instanceof Uint8Array) return Math.floor(value.length * characterCost);
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + traversal(item), 0);
  if (value instanceof Map) {
    return [...value].reduce((sum, [key, item]) => sum + traversal(key) + traversal(item), 0);
  }
  if (typeof value !== "object" || value === null || !isPlain(value)) return 1;
  return Object.entries(value).reduce((sum, [key, item]) => sum + traversal(key) + traversal(item), 0);
}
