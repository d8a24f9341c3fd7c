/**
 * Resource quantities (`500m`, `128Mi`, `1e3`), parsed and printed exactly as apimachinery's resource.Quantity: never
 * finer than a billionth, rounded away from zero, with one canonical text a value and format. Schema conformance
 * canonicalises with them; validation, scheduler and kubelet calculate with them.
 */
import { BoundedCache } from "../lib/bounded-cache.ts";

export type QuantityFormat = "DecimalSI" | "BinarySI" | "DecimalExponent";

/** Why a text is no quantity; the messages are upstream's. */
export class QuantityError extends Error {}

const splitPattern = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";
const formatError = `quantities must match the regular expression '${splitPattern}'`;
const parts = /^([+-]?)0*(\d*)(?:\.(\d*))?([eEinumkKMGTP]*[-+]?\d*)$/;
const decimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
const binarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const nanosPerUnit = 1_000_000_000n;
const maximumUnits = 2n ** 63n - 1n;

interface Suffix {
  readonly base: 2 | 10;
  readonly exponent: number;
  readonly format: QuantityFormat;
}

const knownSuffixes = new Map<string, Suffix>([
  ...decimalSuffixes.map((text, index): [string, Suffix] => [
    text,
    { base: 10, exponent: index * 3 - 9, format: "DecimalSI" },
  ]),
  ...binarySuffixes
    .slice(1)
    .map((text, index): [string, Suffix] => [text, { base: 2, exponent: index * 10 + 10, format: "BinarySI" }]),
]);

/** Beyond this a decimal exponent is refused, so that a short text cannot ask for a huge number. */
const maximumExponent = 1000;

function interpretSuffix(text: string): Suffix {
  const known = knownSuffixes.get(text);
  if (known !== undefined) return known;
  const exponent = /^[eE]([-+]?\d+)$/.exec(text)?.[1];
  if (exponent === undefined || Math.abs(Number(exponent)) > maximumExponent) {
    throw new QuantityError("unable to parse quantity's suffix");
  }
  return { base: 10, exponent: Number(exponent), format: "DecimalExponent" };
}

/** Division rounding away from zero. */
function divideUp(value: bigint, divisor: bigint): bigint {
  const quotient = value / divisor;
  if (quotient * divisor === value) return quotient;
  return value > 0n ? quotient + 1n : quotient - 1n;
}

/** An immutable quantity. */
export class Quantity {
  /** Billionths. */
  readonly nanos: bigint;
  readonly format: QuantityFormat;
  #text: string | undefined;

  constructor(nanos: bigint, format: QuantityFormat = "DecimalSI", text?: string) {
    this.nanos = nanos;
    this.format = format;
    this.#text = text;
  }

  static of(value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(value) * nanosPerUnit, format);
  }

  static ofMilli(value: number | bigint, format: QuantityFormat = "DecimalSI"): Quantity {
    return new Quantity(BigInt(value) * 1_000_000n, format);
  }

  get isZero(): boolean {
    return this.nanos === 0n;
  }

  get sign(): -1 | 0 | 1 {
    return this.nanos < 0n ? -1 : this.nanos > 0n ? 1 : 0;
  }

  compare(other: Quantity): -1 | 0 | 1 {
    return this.nanos < other.nanos ? -1 : this.nanos > other.nanos ? 1 : 0;
  }

  /** Zero takes the format of the other operand, as upstream. */
  add(other: Quantity): Quantity {
    return new Quantity(this.nanos + other.nanos, this.isZero ? other.format : this.format);
  }

  subtract(other: Quantity): Quantity {
    return new Quantity(this.nanos - other.nanos, this.isZero ? other.format : this.format);
  }

  multiply(factor: number | bigint): Quantity {
    return new Quantity(this.nanos * BigInt(factor), this.format);
  }

  negate(): Quantity {
    return new Quantity(-this.nanos, this.format);
  }

  /** Whole units, rounded away from zero. */
  value(): number {
    return Number(divideUp(this.nanos, nanosPerUnit));
  }

  /** Thousandths, rounded away from zero: of `100m` 100. */
  milliValue(): number {
    return Number(divideUp(this.nanos, 1_000_000n));
  }

  /** A floating-point approximation. */
  toNumber(): number {
    return Number(this.nanos) / 1e9;
  }

  /** The canonical text; a text that was parsed and is canonical as far as upstream looks is kept. */
  toString(): string {
    this.#text ??= formatQuantity(this.nanos, this.format);
    return this.#text;
  }

  toJSON(): string {
    return this.toString();
  }
}

function formatQuantity(nanos: bigint, format: QuantityFormat): string {
  if (nanos === 0n) return "0";
  if (format === "BinarySI" && nanos % nanosPerUnit === 0n) {
    const units = nanos / nanosPerUnit;
    if (units <= -1024n || units >= 1024n) return formatBinary(units);
  }
  let amount = nanos;
  let exponent = -9;
  const highest = format === "DecimalExponent" ? Number.POSITIVE_INFINITY : 18;
  while (exponent < highest && amount % 1000n === 0n) {
    amount /= 1000n;
    exponent += 3;
  }
  if (format === "DecimalExponent") return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
  return `${amount}${decimalSuffixes[exponent / 3 + 3]}`;
}

function formatBinary(units: bigint): string {
  let amount = units;
  let index = 0;
  while (index < binarySuffixes.length - 1 && amount % 1024n === 0n) {
    amount /= 1024n;
    index++;
  }
  return `${amount}${binarySuffixes[index]}`;
}

/** Upstream reads any number of digits, in a time that grows with their square; nothing is counted in so many. */
const maximumLength = 1024;
const cache = new BoundedCache<Quantity>(1024 * 1024);
/** The number, its text and the object. */
const quantityBytes = 96;

/** Throws QuantityError. Results are shared, and remembered for texts that occur again. */
export function parseQuantity(text: string): Quantity {
  const known = cache.get(text);
  if (known !== undefined) return known;
  const quantity = parse(text);
  cache.set(text, quantity, text.length + quantityBytes);
  return quantity;
}

function parse(text: string): Quantity {
  if (text === "") throw new QuantityError(formatError);
  if (text.length > maximumLength) throw new QuantityError("unable to parse numeric part of quantity");
  const match = parts.exec(text);
  if (match === null) throw new QuantityError(formatError);
  const [, sign = "", numerator = "", denominator = "", suffixText = ""] = match;
  const suffix = interpretSuffix(suffixText);
  if (!/\d/.test(text) && !usesFastPath(numerator, denominator, suffix)) {
    throw new QuantityError("unable to parse numeric part of quantity");
  }
  const digits = BigInt(numerator + denominator || "0");
  let nanos = toNanos(digits, denominator.length, suffix);
  let { format } = suffix;
  if (format === "BinarySI") {
    if (nanos > maximumUnits * nanosPerUnit) nanos = maximumUnits * nanosPerUnit;
    if (nanos < nanosPerUnit && nanos > 0n && !usesFastPath(numerator, denominator, suffix)) format = "DecimalSI";
  }
  const kept = keepsText(numerator || "0", denominator, suffix) ? text : undefined;
  return new Quantity(sign === "-" ? -nanos : nanos, format, kept);
}

function toNanos(digits: bigint, decimals: number, { base, exponent }: Suffix): bigint {
  if (base === 2) return divideUp((digits << BigInt(exponent)) * nanosPerUnit, 10n ** BigInt(decimals));
  const shift = 9 + exponent - decimals;
  return shift >= 0 ? digits * 10n ** BigInt(shift) : divideUp(digits, 10n ** BigInt(-shift));
}

/** Upstream's int64 path, which decides whether a text is kept as it was given. */
function usesFastPath(numerator: string, denominator: string, { exponent, format }: Suffix): boolean {
  const length = (numerator || "0").length;
  if (format === "BinarySI") return denominator === "" && 14 - length - Math.trunc((exponent * 3) / 10) >= 0;
  return 18 - length - denominator.length >= 0 && exponent - denominator.length >= -9;
}

function keepsText(numerator: string, denominator: string, suffix: Suffix): boolean {
  if (!usesFastPath(numerator, denominator, suffix)) return false;
  if (suffix.format === "BinarySI") return (BigInt(numerator) & 7n) !== 0n;
  const shifted = numerator + denominator;
  return (suffix.exponent - denominator.length) % 3 === 0 && !shifted.endsWith("000") && !shifted.startsWith("0");
}

/** The canonical text, as the API server stores it. Throws QuantityError. */
export function canonicalQuantity(text: string): string {
  return parseQuantity(text).toString();
}
