/** JSON values as CEL sees them: integers are 64-bit, names of fields escaped where they are no identifiers. */
import { Optional } from "@marcbachmann/cel-js";
import { integerOf } from "../../machinery/codec/json.ts";

export interface ValueSchema {
  readonly type?: string | undefined;
  readonly format?: string | undefined;
  readonly items?: ValueSchema | undefined;
  readonly properties?: Readonly<Record<string, ValueSchema>> | undefined;
  readonly additionalProperties?: ValueSchema | boolean | undefined;
}

/**
 * `schema` tells doubles from integers, dates and durations from strings, and which keys are field names; without it
 * every whole number is an integer. `made` gets what every list and map inside of the value has become.
 */
export function toCel(value: unknown, schema?: ValueSchema, made?: Map<object, unknown>): unknown {
  if (typeof value === "bigint") return schema?.type === "number" ? Number(value) : value;
  if (typeof value === "number") {
    return schema?.type !== "number" && Number.isSafeInteger(value) ? BigInt(value) : value;
  }
  if (typeof value === "string") return fromString(value, schema?.format);
  if (Array.isArray(value)) {
    const items = value.map((item) => toCel(item, schema?.items, made));
    made?.set(value, items);
    return items;
  }
  if (typeof value !== "object" || value === null) return value;
  const values = typeof schema?.additionalProperties === "object" ? schema.additionalProperties : undefined;
  const result: Record<string, unknown> | Map<string, unknown> = hidesItsType(value) ? new Map<string, unknown>() : {};
  for (const [key, child] of Object.entries(value)) {
    const property = schema?.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
    const name = property === undefined ? key : escapeName(key);
    const converted = toCel(child, property ?? values, made);
    if (result instanceof Map) result.set(name, converted);
    else result[name] = converted;
  }
  made?.set(value, result);
  return result;
}

/**
 * The CEL library asks objects for their constructor. A key of that name, which any label can have, would make every
 * expression fail that comes by, and a policy pass that ignores failures.
 */
const hidesItsType = (value: object): boolean =>
  Object.hasOwn(value, "constructor") || Object.hasOwn(value, "__proto__");

/** An optional of CEL; undefined: without a value. */
export const optionalOf = (value: unknown): unknown => (value === undefined ? Optional.none() : Optional.of(value));

function fromString(value: string, format: string | undefined): unknown {
  if (format !== "date-time" && format !== "date" && format !== "datetime") return value;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? value : time;
}

/** What an expression gave, as JSON. */
export function fromCel(value: unknown): unknown {
  if (typeof value === "bigint") return integerOf(value);
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), fromCel(one)]));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [unescapeName(key), fromCel(one)]));
}

const reserved = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
);
const replacements: Readonly<Record<string, string>> = {
  __: "__underscores__",
  ".": "__dot__",
  "-": "__dash__",
  "/": "__slash__",
};

/** `foo-bar` to `foo__dash__bar`, as apiserver's cel.Escape. */
export function escapeName(name: string): string {
  if (reserved.has(name)) return `__${name}__`;
  return /[-./]|__/.test(name) ? name.replace(/__|[-./]/g, (found) => replacements[found] as string) : name;
}

function unescapeName(name: string): string {
  if (!name.includes("__")) return name;
  const word = /^__(.+)__$/.exec(name)?.[1];
  if (word !== undefined && reserved.has(word)) return word;
  return name.replace(/__(underscores|dot|dash|slash)__/g, (_, found: string) =>
    found === "underscores" ? "__" : found === "dot" ? "." : found === "dash" ? "-" : "/",
  );
}
