/**
 * The work of calls and operators that their units of cost do not show, in steps of about 10 ns, counted before it is done;
 * and the largest values that an expression may make.
 */
import { CostLimitExceeded, perCallLimit, toil } from "./budget.ts";

/** Code units and items: several times what a request can bring along. */
const longestString = 16 * 1024 * 1024;
const longestList = 4 * 1024 * 1024;
const charactersPerStep = 16;
/** Of a search whose pattern is long, for each character of the text and of the pattern. */
const comparisonsPerStep = 32;
const shortPattern = 8;
const timeZoneSteps = 10_000;
const urlSteps = 200;

const lengthOf = (value: unknown): number =>
  typeof value === "string" || Array.isArray(value) || value instanceof Uint8Array ? value.length : 0;

/** Throws CostLimitExceeded where a result gets too long to be made. */
function bound(length: number, most: number): void {
  if (length > most) throw new CostLimitExceeded();
}

/** Counts a walk through a value, as comparing or formatting it takes. Throws CostLimitExceeded on the way. */
export function toilThrough(value: unknown): void {
  if (typeof value === "string") toil(1 + value.length / charactersPerStep);
  else if (Array.isArray(value)) {
    toil(value.length);
    for (const item of value) if (typeof item === "object" || typeof item === "string") toilThrough(item);
  } else if (value instanceof Map) {
    for (const item of value.values()) toilThrough(item);
  } else if (typeof value === "object" && value !== null) {
    for (const item of Object.values(value)) toilThrough(item);
  }
  toil(2);
}

export function toilOfOperator(op: string, left: unknown, right: unknown): void {
  if (op === "+") {
    const length = lengthOf(left) + lengthOf(right);
    bound(length, Array.isArray(left) ? longestList : longestString);
    // Strings are put together later, lists at once.
    toil(Array.isArray(left) ? length : 0);
  } else if (op === "in") {
    if (typeof left === "object") toilThrough(right);
    else toil(lengthOf(right));
  } else if (op === "==" || op === "!=") {
    if (typeof left === "string") toil(left.length / charactersPerStep);
    else if (typeof left === "object" && typeof right === "object" && lengthOf(left) === lengthOf(right)) {
      toilThrough(left);
    }
  }
}

/** `args`: the receiver, if any, and the arguments. */
export function toilOfCall(name: string, args: readonly unknown[]): void {
  const [first, second, third] = args;
  if (typeof first === "string") toilOnText(name, first, second, third);
  else if (Array.isArray(first)) toilOnList(name, first, second);
  else if (first instanceof Date && args.length > 1) toil(timeZoneSteps);
  else if (first instanceof Uint8Array) toil(first.length / charactersPerStep);
  else toilInNamespace(name, second, third);
}

function toilOnText(name: string, text: string, second: unknown, third: unknown): void {
  const { length } = text;
  toil(length / charactersPerStep);
  switch (name) {
    case "contains":
    case "indexOf":
    case "lastIndexOf":
      toilOfSearch(length, lengthOf(second));
      return;
    case "split":
      toil(length / 2);
      toilOfSearch(length, lengthOf(second));
      return;
    case "replace":
      toilOfSearch(length, lengthOf(second));
      if (typeof second === "string" && typeof third === "string") boundReplaced(text, second, third);
      return;
    case "format":
      if (Array.isArray(second)) toilThrough(second);
      bound(length + textInside(second), longestString);
      return;
    case "quantity":
    case "isQuantity":
    case "semver":
    case "isSemver":
      // Numbers of any length are read in square time.
      toil(length ** 2 / comparisonsPerStep);
      return;
    case "url":
    case "isURL":
      toil(urlSteps + length);
      return;
    default:
  }
}

function toilOfSearch(text: number, pattern: number): void {
  if (pattern >= shortPattern) toil((text * pattern) / comparisonsPerStep);
}

function boundReplaced(text: string, from: string, to: string): void {
  const most = from === "" ? text.length + 1 : text.length / from.length;
  if (text.length + most * to.length <= longestString) return;
  let count = 0;
  for (
    let at = text.indexOf(from);
    at >= 0 && at < text.length;
    at = text.indexOf(from, at + Math.max(from.length, 1))
  ) {
    count += 1;
  }
  toil(count);
  bound(text.length + count * (to.length - from.length), longestString);
}

/** The characters in a value and in those inside of it. */
function textInside(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + textInside(item), 0);
}

function toilOnList(name: string, list: readonly unknown[], second: unknown): void {
  switch (name) {
    case "join":
      toil(list.length);
      bound(textInside(list) + list.length * lengthOf(second), longestString);
      return;
    case "distinct":
    case "sort":
      toil(list.length ** 2 / shortPattern);
      toilThrough(list);
      return;
    case "size":
    case "first":
    case "last":
      return;
    default:
      toilThrough(list);
      bound(list.length, longestList);
  }
}

function toilInNamespace(name: string, second: unknown, third: unknown): void {
  if (name === "range") bound(Number(second), perCallLimit);
  if (!Array.isArray(second) || !Array.isArray(third)) {
    if (typeof second === "string") toil(second.length / charactersPerStep);
    return;
  }
  toilThrough(second);
  toilThrough(third);
  toil(second.length * third.length);
}
