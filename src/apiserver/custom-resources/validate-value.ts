/**
 * Checks values against the schema of a custom resource, with the messages of kube-openapi's validator as
 * apiextensions-apiserver turns them into field errors.
 */
import { compilePattern, PatternError, Work, WorkExceeded } from "../../lib/regular-expression/index.ts";
import { isInteger } from "../../machinery/codec/json.ts";
import {
  type FieldError,
  invalidValue,
  notSupportedInOrder,
  required,
  tooLong,
  tooMany,
  typeInvalid,
} from "../../machinery/errors/field-error.ts";
import { deepEqual, valueAt } from "../../machinery/meta/accessors.ts";
import type { Correlated } from "./correlation.ts";
import { hasFormat } from "./formats.ts";
import { childPath, childSchema, isMap, type JsonSchema, maximumErrors } from "./schema.ts";

/** Of the object that is being checked: all patterns of a schema share it, however many values they are for. */
let matching = new Work();

/**
 * What is wrong with `value`, at `path`, by a schema; rules in CEL and the invariants of list types apart. With
 * `correlated`, the value's past, errors inside what did not change are left out.
 */
export function validateValue(value: unknown, schema: JsonSchema, path = "", correlated?: Correlated): FieldError[] {
  matching = new Work();
  try {
    return validateNode(value, schema, path, correlated);
  } catch (error) {
    if (!(error instanceof WorkExceeded)) throw error;
    return [
      invalidValue(path === "" ? "<nil>" : path, "", `the patterns of the schema cannot be checked: ${error.message}`),
    ];
  }
}

function validateNode(value: unknown, schema: JsonSchema, path: string, correlated?: Correlated): FieldError[] {
  const errors = checkValue(value, schema, path, correlated);
  return errors.length > 0 && correlated?.unchanged() === true ? [] : errors;
}

function checkValue(
  value: unknown,
  schema: JsonSchema,
  path: string,
  correlated: Correlated | undefined,
): FieldError[] {
  if (value === null) return schema.nullable === true ? [] : checkType(value, schema, path);
  return [
    ...checkType(value, schema, path),
    ...checkLogic(value, schema, path, correlated),
    ...(typeof value === "string" ? checkString(value, schema, path) : []),
    ...(typeof value === "number" || typeof value === "bigint" ? checkNumber(value, schema, path) : []),
    ...(Array.isArray(value) ? checkList(value, schema, path, correlated) : []),
    ...checkEnum(value, schema, path),
    ...(isMap(value) ? checkMap(value, schema, path, correlated) : []),
  ];
}

const inBody = (path: string): string => (path === "" ? " in body" : `${path} in body`);
const invalidIn = (path: string, value: unknown, rule: string): FieldError =>
  invalidValue(path === "" ? "<nil>" : path, value, `${inBody(path)} ${rule}`);

function typesOf(schema: JsonSchema): readonly string[] {
  if (schema["x-kubernetes-int-or-string"] === true) return ["integer", "string"];
  return schema.type === undefined || schema.type === "" ? [] : [schema.type];
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number" || typeof value === "bigint") return isInteger(value) ? "integer" : "number";
  return typeof value;
}

function checkType(value: unknown, schema: JsonSchema, path: string): FieldError[] {
  const types = typesOf(schema);
  const actual = typeName(value);
  if (value === null) {
    if (types.length === 0 && schema["x-kubernetes-preserve-unknown-fields"] === true) return [];
    return [typeInvalid(path, "null", `${inBody(path)} must be of type ${types.join(",")}: "null"`)];
  }
  if (types.length === 0 || types.includes(actual) || (actual === "integer" && types.includes("number"))) return [];
  // With a format it is the formats that are compared, as upstream.
  const [found, wanted] = actual === "number" && schema.format ? ["float64", schema.format] : [actual, types.join(",")];
  return [typeInvalid(path, found, `${inBody(path)} must be of type ${wanted}: "${found}"`)];
}

/** allOf, anyOf, oneOf and not: what they say of the value itself is not left out, what they say of its fields may be. */
function checkLogic(
  value: unknown,
  schema: JsonSchema,
  path: string,
  correlated: Correlated | undefined,
): FieldError[] {
  const { allOf, anyOf, oneOf, not } = schema;
  if (allOf === undefined && anyOf === undefined && oneOf === undefined && not === undefined) return [];
  const check = (one: unknown): FieldError[] => checkValue(value, one as JsonSchema, path, correlated);
  const name = JSON.stringify(path);
  const fail = (detail: string): FieldError => invalidValue("<nil>", "", `${name} ${detail}`);
  const errors: FieldError[] = [];
  // Each once: what is asked twice at every level of nested alternatives takes exponential time.
  if (anyOf?.length) {
    const [first = [], ...others] = firstValid(anyOf, check);
    if (first.length > 0 && others.every((one) => one.length > 0)) {
      errors.push(...first, fail("must validate at least one schema (anyOf)"));
    }
  }
  if (oneOf?.length) {
    const results = oneOf.map(check);
    const valid = results.filter(({ length }) => length === 0).length;
    if (valid === 0) {
      errors.push(...(results[0] ?? []), fail("must validate one and only one schema (oneOf). Found none valid"));
    } else if (valid > 1) {
      errors.push(fail(`must validate one and only one schema (oneOf). Found ${valid} valid alternatives`));
    }
  }
  if (allOf?.length) {
    const failed = allOf.flatMap(check);
    if (failed.length > 0) errors.push(...failed, fail("must validate all the schemas (allOf)"));
  }
  if (not !== undefined && check(not).length === 0) errors.push(fail("must not validate the schema (not)"));
  return errors;
}

/** What schemas say one after the other, up to the first that says nothing. */
function firstValid(schemas: readonly unknown[], check: (one: unknown) => FieldError[]): FieldError[][] {
  const results: FieldError[][] = [];
  for (const schema of schemas) {
    const errors = check(schema);
    results.push(errors);
    if (errors.length === 0) break;
  }
  return results;
}

function checkString(value: string, schema: JsonSchema, path: string): FieldError[] {
  const { minLength, maxLength, pattern, format } = schema;
  const errors: FieldError[] = [];
  const length = minLength === undefined && maxLength === undefined ? 0 : [...value].length;
  if (maxLength !== undefined && length > maxLength) errors.push(tooLong(path, maxLength));
  if (minLength !== undefined && length < minLength) {
    errors.push(invalidIn(path, value, `should be at least ${minLength} chars long`));
  }
  if (pattern) errors.push(...checkPattern(value, pattern, path));
  if (format && !hasFormat(value, format)) {
    errors.push(typeInvalid(path, value, `${inBody(path)} must be of type ${format}: ${JSON.stringify(value)}`));
  }
  return errors;
}

function checkPattern(value: string, pattern: string, path: string): FieldError[] {
  try {
    if (compilePattern(pattern).test(value, matching)) return [];
    return [invalidIn(path, value, `should match '${pattern}'`)];
  } catch (error) {
    // A schema can be older than the check of its patterns.
    if (!(error instanceof PatternError)) throw error;
    return [invalidIn(path, value, `should match '${pattern}, but pattern is invalid: ${error.message}'`)];
  }
}

/** Bounds of integers by format; every integer there is has 64 bits. */
const ranges: Readonly<Record<string, readonly [number, number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  uint64: [0, 2 ** 64],
};

function checkNumber(value: number | bigint, schema: JsonSchema, path: string): FieldError[] {
  const { minimum, maximum, multipleOf, exclusiveMinimum, exclusiveMaximum, type, format = "" } = schema;
  const errors: FieldError[] = [];
  const range = type === "integer" ? valueAt(ranges, format) : undefined;
  if (range !== undefined && (value < range[0] || value > range[1])) {
    const detail = `Checked value must be of type integer with format ${format} in ${path}`;
    errors.push(invalidValue("<nil>", "", detail));
  }
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) {
    errors.push(invalidIn(path, value, `should be a multiple of ${multipleOf}`));
  }
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) {
    errors.push(invalidIn(path, value, `should be less than ${exclusiveMaximum ? "" : "or equal to "}${maximum}`));
  }
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) {
    errors.push(invalidIn(path, value, `should be greater than ${exclusiveMinimum ? "" : "or equal to "}${minimum}`));
  }
  return errors;
}

function checkEnum(value: unknown, { enum: allowed }: JsonSchema, path: string): FieldError[] {
  if (!allowed?.length || isAmong(value, allowed)) return [];
  const shown = allowed.map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
  return [notSupportedInOrder(path, value, shown)];
}

const textsOf = new WeakMap<readonly unknown[], ReadonlySet<unknown>>();

/** Enumerations of thousands of texts meet lists of thousands. */
function isAmong(value: unknown, allowed: readonly unknown[]): boolean {
  if (typeof value !== "string") return allowed.some((one) => deepEqual(one, value));
  let texts = textsOf.get(allowed);
  if (texts === undefined) {
    texts = new Set(allowed);
    textsOf.set(allowed, texts);
  }
  return texts.has(value);
}

function checkList(
  value: readonly unknown[],
  { minItems, maxItems, items }: JsonSchema,
  path: string,
  correlated: Correlated | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  if (minItems !== undefined && value.length < minItems) {
    errors.push(invalidIn(path, value.length, `should have at least ${minItems} items`));
  }
  if (maxItems !== undefined && value.length > maxItems) errors.push(tooMany(path, value.length, maxItems));
  if (items === undefined) return errors;
  for (const [index, item] of value.entries()) {
    errors.push(...validateNode(item, items, `${path}[${index}]`, correlated?.item(index)));
    if (errors.length >= maximumErrors) break;
  }
  return errors;
}

function isMultiple(value: number | bigint, of: number | bigint): boolean {
  if (typeof value === "bigint" && isInteger(of)) return value % BigInt(of) === 0n;
  return Number.isInteger(Number(value) / Number(of));
}

function checkMap(
  value: Record<string, unknown>,
  schema: JsonSchema,
  path: string,
  correlated: Correlated | undefined,
): FieldError[] {
  const { minProperties, maxProperties } = schema;
  const errors: FieldError[] = [];
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  if (maxProperties !== undefined && keys.length > maxProperties) {
    errors.push(tooMany(path, keys.length, maxProperties));
  }
  if (minProperties !== undefined && keys.length < minProperties) {
    errors.push(invalidIn(path, keys.length, `should have at least ${minProperties} properties`));
  }
  for (const key of keys) {
    const property = childSchema(schema, key);
    if (property === undefined) continue;
    errors.push(...validateNode(value[key], property, childPath(path, key), correlated?.key(key)));
    if (errors.length >= maximumErrors) return errors;
  }
  for (const key of schema.required ?? [])
    if (valueAt(value, key) === undefined) errors.push(required(childPath(path, key)));
  return errors;
}
