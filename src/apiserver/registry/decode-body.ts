import { decodeProtobuf, protobufMediaType, typeOfKind } from "../../machinery/codec/protobuf.ts";
import { duplicatesError, parseYaml } from "../../machinery/codec/yaml.ts";
import { badRequest, unsupportedMediaType } from "../../machinery/errors/status-error.ts";
import {
  formatApiVersion,
  type GroupVersionKind,
  parseApiVersion,
  type UnknownObject,
} from "../../machinery/meta/object.ts";
import { conform } from "../../machinery/schema/conform.ts";
import { cannotBeHandled, duplicateField, strictDecodingError } from "../../machinery/schema/decode-error.ts";
import { checkKeys, maximumKeys } from "../../machinery/schema/key-limit.ts";
import { parseJson } from "../../machinery/schema/parse-json.ts";
import type { SchemaTable } from "../../machinery/schema/types.ts";

export type FieldValidation = "Ignore" | "Warn" | "Strict";

/** What a body should be. */
export interface ExpectedType {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly schemas: SchemaTable;
  readonly schemaName: string;
}

export interface DecodeOptions {
  readonly contentType: string | undefined;
  readonly fieldValidation: FieldValidation;
  warn(message: string): void;
}

interface RawBody {
  readonly value: unknown;
  readonly duplicateKeys: readonly string[];
  /** Of YAML, with their lines, as ParsedYaml has them. */
  readonly yamlDuplicates?: readonly string[];
  inTextOrder?(messages: readonly string[]): readonly string[];
  readonly floats?: ReadonlyMap<string, string>;
}

/**
 * A request's body as an object of the expected type: JSON, YAML or protobuf; types checked, unknown fields dropped
 * and, as field validation says, reported. Not defaulted. Rejects with StatusError BadRequest or UnsupportedMediaType.
 */
export async function decodeBody(
  bytes: Buffer,
  expected: ExpectedType,
  options: DecodeOptions,
): Promise<UnknownObject> {
  const raw = await parse(bytes, expected, options);
  return conformBody(raw, expected, options);
}

async function parse(bytes: Buffer, expected: ExpectedType, options: DecodeOptions): Promise<RawBody> {
  const type = (options.contentType ?? "application/json").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const duplicates = options.fieldValidation !== "Ignore";
  switch (type) {
    case "":
    case "application/json":
      return parseJson(bytes, { duplicates, kind: expected.kind });
    case protobufMediaType: {
      const value = decodeProtobuf(bytes, expected.schemas, expected.schemaName).object;
      if (bytes.length > maximumKeys) checkKeys(value);
      return { value, duplicateKeys: [] };
    }
    case "application/yaml": {
      const { value, duplicates: yamlDuplicates } = await parseYaml(bytes, { duplicates });
      return { value, duplicateKeys: [], yamlDuplicates };
    }
    default:
      throw unsupportedMediaType(
        `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, ${protobufMediaType}`,
      );
  }
}

/** Checks what a parsed value says it is, and its fields. Fills apiVersion and kind where they are left out. */
function conformBody(raw: RawBody, expected: ExpectedType, options: DecodeOptions): UnknownObject {
  const { value } = raw;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goType(value)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  }
  const given = checkType(value as UnknownObject, expected);
  const { object, unknownFields, errors } = conform(value, expected.schemas, expected.schemaName, {
    floats: raw.floats,
  });
  if (errors.length > 0) throw cannotBeHandled(given, expected.kind, errors.join(", "));
  const messages = [...raw.duplicateKeys.map(duplicateField), ...unknownFields];
  const yamlDuplicates = raw.yamlDuplicates ?? [];
  report({ yamlDuplicates, fields: raw.inTextOrder?.(messages) ?? messages }, given, expected, options);
  const typed = object as UnknownObject;
  if (typed.apiVersion !== undefined && typed.kind !== undefined) return typed;
  return { ...typed, apiVersion: formatApiVersion(expected), kind: expected.kind };
}

/** What a body says it is. Throws StatusError BadRequest on another kind or version than the expected. */
function checkType(value: UnknownObject, expected: ExpectedType): GroupVersionKind {
  const given = typeGiven(value, expected);
  const problem = typeMismatch(given, expected);
  if (problem === undefined) return given;
  throw problem.isVersion ? badRequest(problem.message) : cannotBeHandled(given, expected.kind, problem.message);
}

/** What is left out is as expected. */
function typeGiven(value: UnknownObject, expected: ExpectedType): GroupVersionKind {
  const apiVersion = textIn(value, "apiVersion");
  const kind = textIn(value, "kind");
  const { group, version } = apiVersion === "" ? expected : parseApiVersion(apiVersion);
  return { group, version, kind: kind === "" ? expected.kind : kind };
}

interface TypeMismatch {
  readonly message: string;
  /** Whether it is the same kind in a version that is served elsewhere. */
  readonly isVersion: boolean;
}

/** Why an object that says that it is `given` cannot be read as the expected type, in upstream's words. */
export function typeMismatch(given: GroupVersionKind, expected: ExpectedType): TypeMismatch | undefined {
  const expectedVersion = formatApiVersion(expected);
  const givenVersion = formatApiVersion(given);
  if (given.kind === expected.kind && givenVersion === expectedVersion) return undefined;
  if (typeOfKind(expected.schemas, givenVersion, given.kind) === undefined) {
    const message = `no kind ${JSON.stringify(given.kind)} is registered for version ${JSON.stringify(givenVersion)} in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"`;
    return { message, isVersion: false };
  }
  if (given.kind !== expected.kind) return { message: unknownConversion(given, expected), isVersion: false };
  const message = `the API version in the data (${givenVersion}) does not match the expected API version (${expectedVersion})`;
  return { message, isVersion: true };
}

export const unknownConversion = (given: GroupVersionKind, expected: GroupVersionKind): string =>
  `converting (${given.version}.${given.kind}) to (${expected.group.split(".")[0] || "core"}.${expected.kind}): unknown conversion`;

function textIn(value: UnknownObject, field: "apiVersion" | "kind"): string {
  const text: unknown = value[field] ?? "";
  if (typeof text === "string") return text;
  const problem = `json: cannot unmarshal ${goType(text)} into Go struct field .${field} of type string`;
  throw badRequest(`couldn't get version/kind; json parse error: ${problem}`);
}

/** Duplicates of YAML are one error, and a warning each. */
function report(
  { yamlDuplicates, fields }: { yamlDuplicates: readonly string[]; fields: readonly string[] },
  given: GroupVersionKind,
  expected: ExpectedType,
  options: DecodeOptions,
): void {
  if (yamlDuplicates.length + fields.length === 0 || options.fieldValidation === "Ignore") return;
  if (options.fieldValidation === "Strict") {
    const messages = yamlDuplicates.length === 0 ? fields : [duplicatesError(yamlDuplicates), ...fields];
    throw cannotBeHandled(given, expected.kind, strictDecodingError(messages));
  }
  for (const message of [...yamlDuplicates, ...fields]) options.warn(message);
}

function goType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value === "bigint" ? "number" : typeof value;
}
