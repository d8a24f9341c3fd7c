/** Objects to protobuf messages; the mirror of protobuf-decode.ts. Absent fields are not written. */
import protobuf from "protobufjs/minimal.js";
import type { ProtobufField, SchemaTable, TypeSchema } from "../schema/types.ts";
import { isInlined, isListWrapper, specialTypes } from "./protobuf-types.ts";

type Writer = protobuf.Writer;

export function encodeMessage(
  value: Readonly<Record<string, unknown>>,
  typeName: string,
  schemas: SchemaTable,
): Uint8Array {
  const writer = protobuf.Writer.create();
  writeMessage(writer, value, typeName, schemas);
  return writer.finish();
}

/** Protobuf's wire types. */
const wireTypes: Readonly<Record<string, number>> = { bool: 0, int32: 0, int64: 0, uint32: 0, double: 1 };
const tagOf = (number: number, type: string): number => ((number << 3) | (wireTypes[type] ?? 2)) >>> 0;

function schemaOf(typeName: string, schemas: SchemaTable): TypeSchema {
  const schema = schemas[typeName];
  if (schema?.protobuf === undefined) throw new Error(`No protobuf message of type ${typeName}`);
  return schema;
}

function writeMessage(
  writer: Writer,
  value: Readonly<Record<string, unknown>>,
  typeName: string,
  schemas: SchemaTable,
): void {
  const schema = schemaOf(typeName, schemas);
  for (const field of schema.protobuf ?? []) {
    const [number, name, type] = field;
    if (isInlined(schema, name, type, schemas)) {
      writer.uint32(tagOf(number, type)).fork();
      writeMessage(writer, value, type, schemas);
      writer.ldelim();
    } else if (value[name] !== undefined && value[name] !== null) writeField(writer, value[name], field, schemas);
  }
}

function writeField(writer: Writer, value: unknown, [number, , type, rule]: ProtobufField, schemas: SchemaTable): void {
  if (rule === "repeated") {
    for (const element of value as unknown[]) {
      writer.uint32(tagOf(number, type));
      writeValue(writer, element, type, schemas);
    }
  } else if (rule === "map") {
    for (const [key, element] of Object.entries(value as Record<string, unknown>)) {
      writer.uint32(tagOf(number, "")).fork();
      writer.uint32(tagOf(1, "string")).string(key).uint32(tagOf(2, type));
      writeValue(writer, element, type, schemas);
      writer.ldelim();
    }
  } else {
    writer.uint32(tagOf(number, type));
    writeValue(writer, value, type, schemas);
  }
}

/** An integer as the writer takes it. */
export function int64Words(value: number | bigint): number {
  if (typeof value === "number") return value;
  const words = { low: Number(BigInt.asUintN(32, value)), high: Number(BigInt.asUintN(32, value >> 32n)) };
  return { ...words, unsigned: false } as unknown as number;
}

function writeValue(writer: Writer, value: unknown, type: string, schemas: SchemaTable): void {
  switch (type) {
    case "string":
      writer.string(String(value));
      return;
    case "bool":
      writer.bool(value === true);
      return;
    case "int32":
      writer.int32(Number(value));
      return;
    case "uint32":
      writer.uint32(Number(value));
      return;
    case "int64":
      writer.int64(int64Words(typeof value === "bigint" ? value : Number(value)));
      return;
    case "double":
      writer.double(Number(value));
      return;
    case "bytes":
      writer.bytes(Buffer.from(String(value), "base64"));
      return;
    default: {
      const special = specialTypes[type]?.encode(value);
      const isList = special === undefined && isListWrapper(schemaOf(type, schemas));
      writer.fork();
      writeMessage(writer, special ?? (isList ? { items: value } : (value as Record<string, unknown>)), type, schemas);
      writer.ldelim();
    }
  }
}
