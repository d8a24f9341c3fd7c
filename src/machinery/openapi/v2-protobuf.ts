/**
 * The protobuf form of an OpenAPI v2 document, `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`, which
 * client-go asks for: messages of github.com/google/gnostic-models openapiv2, as far as our documents use them.
 */
import protobuf from "protobufjs/minimal.js";
import { isInteger } from "../codec/json.ts";
import { int64Words } from "../codec/protobuf-encode.ts";
import type { JsonSchema } from "./schemas.ts";

type Writer = protobuf.Writer;
type Write = (writer: Writer, value: JsonSchema) => void;

/** Takes what buildOpenApiV2 gives. */
export function encodeOpenApiV2Protobuf(document: JsonSchema): Buffer {
  const writer = protobuf.Writer.create();
  text(writer, 1, document["swagger"]);
  message(writer, 2, document["info"], writeInfo);
  message(writer, 8, document["paths"], (out, paths) => named(out, 2, paths, writePath));
  message(writer, 9, document["definitions"], (out, definitions) => named(out, 1, definitions, writeSchema));
  return Buffer.from(writer.finish());
}

const tag = (writer: Writer, field: number, wireType: number): Writer => writer.uint32((field << 3) | wireType);

function text(writer: Writer, field: number, value: unknown): void {
  if (typeof value === "string" && value !== "") tag(writer, field, 2).string(value);
}

function texts(writer: Writer, field: number, values: unknown): void {
  for (const value of (values ?? []) as string[]) tag(writer, field, 2).string(value);
}

function flag(writer: Writer, field: number, value: unknown): void {
  if (value === true) tag(writer, field, 0).bool(true);
}

function message(writer: Writer, field: number, value: unknown, write: Write): void {
  if (value === undefined) return;
  tag(writer, field, 2).fork();
  write(writer, value as JsonSchema);
  writer.ldelim();
}

/** A map: repeated messages of name (1) and value (2). */
function named(writer: Writer, field: number, values: unknown, write: Write): void {
  for (const [name, value] of Object.entries((values ?? {}) as JsonSchema)) {
    tag(writer, field, 2).fork();
    text(writer, 1, name);
    message(writer, 2, value, write);
    writer.ldelim();
  }
}

/** Any: YAML text; JSON is YAML. */
const writeAny = (writer: Writer, value: unknown): void => text(writer, 2, JSON.stringify(value));

/** `x-…` properties, as repeated NamedAny. */
function extensions(writer: Writer, field: number, value: JsonSchema): void {
  for (const [name, extension] of Object.entries(value)) {
    if (!name.startsWith("x-")) continue;
    tag(writer, field, 2).fork();
    text(writer, 1, name);
    tag(writer, 2, 2).fork();
    writeAny(writer, extension);
    writer.ldelim().ldelim();
  }
}

const writeInfo: Write = (writer, info) => {
  text(writer, 1, info["title"]);
  text(writer, 2, info["version"]);
};

const methodFields: Readonly<Record<string, number>> = {
  get: 2,
  put: 3,
  post: 4,
  delete: 5,
  options: 6,
  head: 7,
  patch: 8,
};

const writePath: Write = (writer, path) => {
  for (const [method, field] of Object.entries(methodFields)) message(writer, field, path[method], writeOperation);
  for (const parameter of (path["parameters"] ?? []) as JsonSchema[]) message(writer, 9, parameter, writeParameterItem);
};

const writeOperation: Write = (writer, operation) => {
  texts(writer, 1, operation["tags"]);
  text(writer, 3, operation["description"]);
  text(writer, 5, operation["operationId"]);
  texts(writer, 6, operation["produces"]);
  texts(writer, 7, operation["consumes"]);
  for (const parameter of operation["parameters"] as JsonSchema[]) message(writer, 8, parameter, writeParameterItem);
  message(writer, 9, operation["responses"], (out, responses) => named(out, 1, responses, writeResponse));
  texts(writer, 10, operation["schemes"]);
  extensions(writer, 13, operation);
};

const writeResponse: Write = (writer, response) => {
  message(writer, 1, response, (out, { description, schema }) => {
    text(out, 1, description);
    message(out, 2, schema, (item, value) => message(item, 1, value, writeSchema));
  });
};

/** ParametersItem{parameter: Parameter{body | nonBody{query | path}}}. */
const writeParameterItem: Write = (writer, parameter) => {
  message(writer, 1, parameter, (out) => {
    if (parameter["in"] === "body") message(out, 1, parameter, writeBodyParameter);
    else
      message(out, 2, parameter, (nonBody) =>
        message(nonBody, parameter["in"] === "query" ? 3 : 4, parameter, writeValueParameter),
      );
  });
};

const writeBodyParameter: Write = (writer, parameter) => {
  text(writer, 2, parameter["name"]);
  text(writer, 3, parameter["in"]);
  flag(writer, 4, parameter["required"]);
  message(writer, 5, parameter["schema"], writeSchema);
};

/** Query and path parameters number their type differently. */
const writeValueParameter: Write = (writer, parameter) => {
  const isQuery = parameter["in"] === "query";
  flag(writer, 1, parameter["required"]);
  text(writer, 2, parameter["in"]);
  text(writer, 4, parameter["name"]);
  text(writer, isQuery ? 6 : 5, parameter["type"]);
  flag(writer, isQuery ? 20 : 19, parameter["uniqueItems"]);
};

const numberFields: readonly (readonly [string, number])[] = [
  ["multipleOf", 6],
  ["maximum", 7],
  ["minimum", 9],
];
const countFields: readonly (readonly [string, number])[] = [
  ["maxLength", 11],
  ["minLength", 12],
  ["maxItems", 14],
  ["minItems", 15],
  ["maxProperties", 17],
  ["minProperties", 18],
];

function writeSchema(writer: Writer, schema: JsonSchema): void {
  text(writer, 1, schema["$ref"]);
  text(writer, 2, schema["format"]);
  text(writer, 3, schema["title"]);
  text(writer, 4, schema["description"]);
  if (schema["default"] !== undefined) message(writer, 5, schema, () => writeAny(writer, schema["default"]));
  for (const [name, field] of numberFields) {
    if (typeof schema[name] === "number") tag(writer, field, 1).double(schema[name]);
  }
  for (const [name, field] of countFields) {
    if (isInteger(schema[name])) tag(writer, field, 0).int64(int64Words(schema[name]));
  }
  text(writer, 13, schema["pattern"]);
  texts(writer, 19, schema["required"]);
  for (const value of (schema["enum"] ?? []) as unknown[]) message(writer, 20, {}, () => writeAny(writer, value));
  const additional = schema["additionalProperties"];
  if (typeof additional === "boolean") message(writer, 21, {}, () => tag(writer, 2, 0).bool(additional));
  else message(writer, 21, additional, (out, value) => message(out, 1, value, writeSchema));
  if (typeof schema["type"] === "string") message(writer, 22, schema, () => text(writer, 1, schema["type"]));
  message(writer, 23, schema["items"], (out, items) => message(out, 1, items, writeSchema));
  for (const part of (schema["allOf"] ?? []) as JsonSchema[]) message(writer, 24, part, writeSchema);
  message(writer, 25, schema["properties"], (out, properties) => named(out, 1, properties, writeSchema));
  extensions(writer, 31, schema);
}
