/**
 * JSON with Go's numbers: an integer of up to 64 bits is kept to its last digit. What a double holds exactly is a number,
 * as everywhere; a longer integer is a bigint, which nearly no object has, so that JSON.parse does nearly all of the work.
 * A number beyond 2^53 is therefore always one that was written with a fraction, an exponent or more than 64 bits: a
 * float64 of Go's. Every text that may hold an object's numbers comes in through here; docs/decisions/0027-int64.md.
 */
import { randomUUID } from "node:crypto";

/** Of objects and lists in one another. What is nested deeper would exhaust the stack of code that walks it. */
export const maximumDepth = 500;

/** JSON that is well formed and refused all the same: a number that no float64 holds, or too much nesting. */
export class JsonLimitError extends Error {
  override name = "JsonLimitError";
}

export const depthMessage = "exceeded max depth";

declare global {
  interface JSON {
    /** ECMAScript's JSON.parse source text access, which the library's types do not have yet. */
    rawJSON(text: string): object;
  }
  interface BigInt {
    toJSON(): object;
  }
}

// JSON.stringify asks this of every bigint, so that whoever writes an object, or shows a part of it in a message, needs to
// know nothing of them. Bigints in objects come from here and from the protobuf decoder, which loads this module.
Object.defineProperty(BigInt.prototype, "toJSON", {
  configurable: true,
  writable: true,
  value(this: bigint) {
    return JSON.rawJSON(this.toString());
  },
});

/** As many digits as a double may not hold: 2^53 has sixteen. */
const longDigits = 16;
/** With so many an integer may have more than 64 bits. */
const oddDigits = 19;
const int64Minimum = -(2n ** 63n);
const int64Maximum = 2n ** 63n - 1n;

/** JSON that this program wrote. Throws SyntaxError. */
export function parseOwnJson(text: string): unknown {
  return mayHoldLongIntegers(text) ? parseExactly(text) : JSON.parse(text);
}

export interface ForeignJson {
  readonly value: unknown;
  /** Of all objects, duplicates among them. */
  readonly keys: number;
  /** Whether there may be numbers that are whole and to Go no integers: isOddInteger. */
  readonly oddIntegers: boolean;
}

/** JSON of others. Throws SyntaxError; JsonLimitError with Go's words for what Go's decoder refuses. */
export function parseForeignJson(text: string): ForeignJson {
  const value: unknown = JSON.parse(text);
  const { keys, depth, longNumbers, exponents, oddIntegers } = measure(text);
  if (depth > maximumDepth) throw new JsonLimitError(depthMessage);
  return { value: longNumbers || exponents ? parseExactly(text) : value, keys, oddIntegers };
}

/** A number that is whole, and written with a fraction, an exponent or more digits than 64 bits have. */
export const isOddInteger = (literal: string): boolean =>
  (literal.length >= oddDigits || !/^-?\d+$/.test(literal)) && Number.isInteger(Number(literal));

/** What stands outside of the strings of valid JSON. */
function measure(text: string) {
  let [keys, open, depth, digits, longNumbers, exponents, oddIntegers] = [0, 0, 0, 0, false, false, false];
  for (let place = 0; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (isDigit(code)) {
      if (++digits === longDigits) longNumbers = true;
      else if (digits === oddDigits) oddIntegers = true;
      continue;
    }
    if (code === 0x22) place = endOfString(text, place);
    else if (code === 0x3a) keys++;
    else if (code === 0x7b || code === 0x5b) {
      if (++open > depth) depth = open;
    } else if (code === 0x7d || code === 0x5d) open--;
    else if (digits > 0 && code === 0x2e) {
      // The first digit behind the point tells nearly all whole numbers.
      if (text.charCodeAt(place + 1) === 0x30) oddIntegers = true;
      // `e` or `E` of a number, not of `true`.
    } else if (digits > 0 && (code | 0x20) === 0x65) [exponents, oddIntegers] = [true, true];
    digits = 0;
  }
  return { keys, depth, longNumbers, exponents, oddIntegers };
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** Strings of a large text that are passed over one by one before it is taken to be made of many small ones. */
const stringsToPass = 500;

/** False only where no number has sixteen digits. Costs a hundredth of what parsing costs. */
function mayHoldLongIntegers(text: string): boolean {
  if (text.length < 64 * 1024) return hasLongDigits(text, 0, text.length);
  let start = 0;
  for (let passed = 0; passed < stringsToPass; passed++) {
    const quote = text.indexOf('"', start);
    if (hasLongDigits(text, start, quote < 0 ? text.length : quote)) return true;
    if (quote < 0) return false;
    start = endOfString(text, quote) + 1;
    if (start === 0) return false;
  }
  return hasLongDigits(text, start, text.length);
}

/** Whether there are sixteen digits in a row: they cover one of any sixteen places in a row. */
function hasLongDigits(text: string, from: number, to: number): boolean {
  for (let place = from + longDigits - 1; place < to; place += longDigits) {
    if (!isDigit(text.charCodeAt(place))) continue;
    let start = place;
    while (start > from && place - start < longDigits && isDigit(text.charCodeAt(start - 1))) start--;
    let end = place + 1;
    while (end - start < longDigits && isDigit(text.charCodeAt(end))) end++;
    if (end - start >= longDigits) return true;
  }
  return false;
}

/** A string that stands for a long integer until it is parsed; nobody outside of this process can know it. */
const marker = `${randomUUID()}:`;

/** JSON.parse can tell a number's source itself, but calls back for every value: 30 times as slow where there are many. */
function parseExactly(text: string): unknown {
  const marked = markLongIntegers(text);
  const value: unknown = JSON.parse(marked ?? text);
  return marked === undefined ? value : unmark(value);
}

const numberLiteral = /-?\d[\d.eE+-]*/g;
/** The shortest number that is too large for a double is `1e309`. */
const shortestUnusual = 5;

/** The text with long integers as marked strings; undefined where it has none. */
function markLongIntegers(text: string): string | undefined {
  let marked = "";
  let done = 0;
  for (let start = 0; start >= 0; ) {
    const quote = text.indexOf('"', start);
    const end = quote < 0 ? text.length : quote;
    if (end - start >= shortestUnusual) {
      const gap = text.slice(start, end);
      const changed = gap.replace(numberLiteral, (literal) => markOf(literal) ?? literal);
      if (changed !== gap) {
        marked += text.slice(done, start) + changed;
        done = end;
      }
    }
    const close = quote < 0 ? -1 : endOfString(text, quote);
    start = close < 0 ? -1 : close + 1;
  }
  return done === 0 ? undefined : marked + text.slice(done);
}

function markOf(literal: string): string | undefined {
  const number = Number(literal);
  if (!Number.isFinite(number)) {
    const shown = literal.length > 100 ? `${literal.slice(0, 100)}...` : literal;
    throw new JsonLimitError(`json: cannot unmarshal number ${shown} into Go value of type float64`);
  }
  // No int64 has more than twenty characters; what has a fraction or an exponent is a float.
  if (Number.isSafeInteger(number) || literal.length > 20 || !/^-?\d+$/.test(literal)) return undefined;
  const value = BigInt(literal);
  return value < int64Minimum || value > int64Maximum ? undefined : `"${marker}${literal}"`;
}

function unmark(value: unknown): unknown {
  if (typeof value === "string") return value.startsWith(marker) ? BigInt(value.slice(marker.length)) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) value[index] = unmark(value[index]);
    return value;
  }
  const object = value as Record<string, unknown>;
  for (const key in object) {
    const child = object[key];
    const next = unmark(child);
    // An own property is assigned to, even the one that would otherwise set the prototype.
    if (next !== child) object[key] = next;
  }
  return value;
}

/** The closing quote of the string that opens at `start`; -1 where there is none. */
export function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0) {
    let backslash = end - 1;
    while (text.charCodeAt(backslash) === 0x5c) backslash--;
    if ((end - backslash) % 2 === 1) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}

/** An integer of 64 bits as objects hold it: a bigint only where a number would not be exact. */
export function integerOf(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

/** Whether a value is an integer to Go: what was written as one and fits 64 bits. */
export const isInteger = (value: unknown): value is number | bigint =>
  typeof value === "bigint" || Number.isSafeInteger(value);

/** Throws JsonLimitError where a JSON value is nested deeper than `maximumDepth`. */
export function checkDepth(value: unknown, allowed = maximumDepth): void {
  if (typeof value !== "object" || value === null) return;
  if (allowed === 0) throw new JsonLimitError(depthMessage);
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === "object") checkDepth(item, allowed - 1);
    return;
  }
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key];
    if (typeof child === "object") checkDepth(child, allowed - 1);
  }
}
