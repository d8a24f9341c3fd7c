/** Conversions of single JSON values to what Go's decoding and encoding would leave of them; used by conform.ts. */
import { isInteger } from "../codec/json.ts";
import { canonicalQuantity, QuantityError } from "../quantity.ts";

/** A value of the wrong JSON type, in Go's words; conform.ts adds the field. */
export class TypeMismatch {
  /** `string`, `bool`, `number 1.5`, `array`, `object`. */
  readonly found: string;
  /** `int32`, `[]v1.Container`. */
  readonly expected: string;

  /** `literal` is a number as it was written, where the message shows it. */
  constructor(value: unknown, expected: string, literal?: string | undefined) {
    this.found = describe(value, literal);
    this.expected = expected;
  }
}

/** A value of the right type with wrong content: the message stands alone. */
export class InvalidContent {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

function describe(value: unknown, literal: string | undefined): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number" || typeof value === "bigint")
    return literal === undefined ? "number" : `number ${literal}`;
  return value === null ? "null" : typeof value;
}

export function convertString(value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeMismatch(value, "string");
}

export function convertBoolean(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeMismatch(value, "bool");
}

/** Only numbers: an object of a client's may have a `toString` that is no function. */
const numberText = (value: unknown): string | undefined =>
  typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;

export function convertInt32(value: unknown): number {
  if (typeof value === "number" && value === (value | 0)) return value;
  throw new TypeMismatch(value, "int32", numberText(value));
}

export function convertInt64(value: unknown): number | bigint {
  if (isInteger(value)) return value;
  throw new TypeMismatch(value, "int64", numberText(value));
}

export function convertDouble(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  throw new TypeMismatch(value, "float64");
}

export function convertQuantity(value: unknown): string {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  if (typeof value !== "string" && !isNumber) throw new InvalidContent(quantityFormat);
  try {
    return canonicalQuantity(String(value).trim());
  } catch (error) {
    if (error instanceof QuantityError) throw new InvalidContent(error.message);
    throw error;
  }
}
const quantityFormat = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

export function convertIntOrString(value: unknown): number | string {
  return typeof value === "string" ? value : convertInt32(value);
}

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Standard base64 with padding; line breaks are dropped, as Go's decoder does. */
export function convertBytes(value: unknown): string {
  if (typeof value !== "string") throw new TypeMismatch(value, "[]uint8");
  if (base64.test(value)) return value;
  const joined = value.replace(/[\r\n]/g, "");
  if (base64.test(joined)) return joined;
  const valid = /^(?:[A-Za-z0-9+/]|[\r\n])*/.exec(value)?.[0].length ?? 0;
  throw new InvalidContent(`illegal base64 data at input byte ${Math.min(valid, value.length)}`);
}

/** The stored form, on days that every month has: needs no calendar. */
const plainTime = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const canonicalTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const rfc3339 = /^(\d{4}-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d))(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;
const layout = "2006-01-02T15:04:05Z07:00";

/** Milliseconds and the digits below a second of an RFC 3339 time. */
function parseTime(value: unknown): { milliseconds: number; fraction: string } {
  if (typeof value !== "string") throw new TypeMismatch(value, "string");
  const match = rfc3339.exec(value);
  const milliseconds = match === null ? Number.NaN : Date.parse(`${match[1]}${match[8]}`);
  const day = match === null ? 0 : new Date(`${match[1]}Z`).getUTCDate();
  if (match === null || Number.isNaN(milliseconds) || day !== Number(match[3])) {
    throw new InvalidContent(`parsing time ${JSON.stringify(value)}${timeComplaint(value)}`);
  }
  return { milliseconds, fraction: match[7] ?? "" };
}

const timeParts: readonly (readonly [RegExp, string])[] = [
  [/^\d{4}/, "2006"],
  [/^-/, "-"],
  [/^\d\d/, "01"],
  [/^-/, "-"],
  [/^\d\d/, "02"],
  [/^T/, "T"],
  [/^\d\d/, "15"],
  [/^:/, ":"],
  [/^\d\d/, "04"],
  [/^:/, ":"],
  [/^\d\d(?:[.,]\d+)?/, "05"],
  [/^(?:Z|[+-]\d\d:\d\d)/, "Z07:00"],
];

function timeComplaint(value: string): string {
  let rest = value;
  for (const [pattern, element] of timeParts) {
    const found = pattern.exec(rest)?.[0];
    if (found === undefined) {
      return ` as ${JSON.stringify(layout)}: cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(element)}`;
    }
    rest = rest.slice(found.length);
  }
  if (rest !== "") return `: extra text: ${JSON.stringify(rest)}`;
  const [, month = 0, , hour = 0, minute = 0, second = 0] = (value.match(/\d+/g) ?? []).map(Number);
  if (month < 1 || month > 12) return ": month out of range";
  if (hour > 23) return ": hour out of range";
  if (minute > 59) return ": minute out of range";
  return second > 59 ? ": second out of range" : ": day out of range";
}

/** metav1.Time: whole seconds, UTC. */
export function convertTime(value: unknown): string {
  if (typeof value === "string" && plainTime.test(value)) return value;
  const { milliseconds } = parseTime(value);
  if (canonicalTime.test(value as string)) return value as string;
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime: six digits below the second, UTC. */
export function convertMicroTime(value: unknown): string {
  const { milliseconds, fraction } = parseTime(value);
  return `${new Date(milliseconds).toISOString().slice(0, 19)}.${fraction.padEnd(6, "0").slice(0, 6)}Z`;
}
