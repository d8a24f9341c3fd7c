/**
 * Protobuf messages to objects. Each message type is compiled once into an array of field readers. What is no such message
 * is refused in the words of the code that upstream generates from its definitions.
 */

import protobuf from "protobufjs/minimal.js";
import { setAt } from "../meta/accessors.ts";
import type { ProtobufField, SchemaTable, TypeSchema } from "../schema/types.ts";
import { depthMessage, integerOf, JsonLimitError, maximumDepth } from "./json.ts";
import { isInlined, isListWrapper, specialTypes } from "./protobuf-types.ts";

type Reader = protobuf.Reader;
type Target = Record<string, unknown>;
/** Reads one occurrence of a field into the object. */
type ReadField = (reader: Reader, target: Target, wireType: number) => void;
type ReadValue = (reader: Reader) => unknown;
/** The JSON fields of the object that a message is written into: its own, or those of the type that inlines it. */
type Owner = TypeSchema["fields"] | "special";
type ReadMessage = (reader: Reader, end: number, target: Target) => void;

/** Bytes that are no message of the type. */
export class ProtobufError extends Error {
  override name = "ProtobufError";
}

/**
 * Decodes a bare message. Fields that proto2 cannot tell from absent ones (empty strings, zeros of fields that are no
 * pointers in Go) are left out. Throws ProtobufError.
 */
export function decodeMessage(bytes: Uint8Array, typeName: string, schemas: SchemaTable): Record<string, unknown> {
  const reader = protobuf.Reader.create(bytes);
  const target: Target = {};
  const decoder = decoderOf(schemas);
  decoder.depth = 0;
  withOwnErrors(() => decoder.message(typeName)(reader, reader.len, target));
  return target;
}

/** The fields of a message that have bytes, by number; of those that come twice the last. Throws ProtobufError. */
export function splitMessage(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const reader = protobuf.Reader.create(bytes);
  const parts = new Map<number, Uint8Array>();
  withOwnErrors(() => {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if ((tag & 7) === lengthDelimited) parts.set(tag >>> 3, readBytes(reader));
      else skipField(reader, tag & 7);
    }
  });
  return parts;
}

/** What the reader says of bytes that end too early, and what a message says that no object can. */
function withOwnErrors(read: () => void): void {
  try {
    read();
  } catch (cause) {
    if (cause instanceof RangeError) {
      const truncated = cause.message.startsWith("index out of range");
      throw new ProtobufError(truncated ? unexpectedEnd : cause.message, { cause });
    }
    if (cause instanceof SyntaxError || cause instanceof JsonLimitError)
      throw new ProtobufError(cause.message, { cause });
    throw cause;
  }
}

const unexpectedEnd = "unexpected EOF";

const decoders = new WeakMap<SchemaTable, Decoder>();

function decoderOf(schemas: SchemaTable): Decoder {
  let decoder = decoders.get(schemas);
  if (decoder === undefined) {
    decoder = new Decoder(schemas);
    decoders.set(schemas, decoder);
  }
  return decoder;
}

/** A varint of up to ten bytes. */
function readVarint(reader: Reader): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    if (shift >= 64n) throw new ProtobufError("proto: integer overflow");
    if (reader.pos >= reader.len) throw new ProtobufError(unexpectedEnd);
    const byte = reader.buf[reader.pos++] as number;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

/** Nearly always a small one, in one to four bytes. */
function readInt64(reader: Reader): number | bigint {
  const { buf, pos, len } = reader;
  for (let [place, value] = [pos, 0]; place < len && place < pos + 4; place++) {
    const byte = buf[place] as number;
    value += (byte & 0x7f) << ((place - pos) * 7);
    if (byte >= 0x80) continue;
    reader.pos = place + 1;
    return value;
  }
  return integerOf(BigInt.asIntN(64, readVarint(reader)));
}

/** A length that fits what is left. Returns the position behind what it counts. */
function readEnd(reader: Reader): number {
  const length = readInt64(reader);
  if (length < 0) throw new ProtobufError("proto: negative length found during unmarshaling");
  const end = Number(length) + reader.pos;
  if (end > reader.len) throw new ProtobufError(unexpectedEnd);
  return end;
}

function readBytes(reader: Reader): Buffer {
  const end = readEnd(reader);
  const { buf, pos } = reader;
  reader.pos = end;
  return Buffer.from(buf.buffer, buf.byteOffset + pos, end - pos);
}

/** Passes over a field that the type does not have, groups with all that is in them. */
function skipField(reader: Reader, wireType: number): void {
  let groups = 0;
  for (let type = wireType; ; type = readTag(reader) & 7) {
    if (type === 0) readVarint(reader);
    else if (type === 2) reader.pos = readEnd(reader);
    else if (type === 1 || type === 5) reader.pos += type === 1 ? 8 : 4;
    else if (type === 3) groups++;
    else if (type !== 4) throw new ProtobufError(`proto: illegal wireType ${type}`);
    else if (groups-- === 0) throw new ProtobufError("proto: unexpected end of group");
    if (reader.pos > reader.len) throw new ProtobufError(unexpectedEnd);
    if (groups === 0) return;
  }
}

/** Of a field; upstream takes its number for one of 32 bits. */
const readTag = (reader: Reader): number => Number(BigInt.asUintN(35, readVarint(reader)));

const scalars: Readonly<Record<string, ReadValue>> = {
  string: (reader) => readBytes(reader).toString("utf8"),
  bool: (reader) => reader.bool(),
  int32: (reader) => reader.int32(),
  int64: readInt64,
  uint32: (reader) => reader.uint32(),
  double: (reader) => reader.double(),
  bytes: (reader) => readBytes(reader).toString("base64"),
};

const wireTypes: Readonly<Record<string, number>> = { bool: 0, int32: 0, int64: 0, uint32: 0, double: 1 };
const lengthDelimited = 2;

class Decoder {
  /** Of the message that is being read in others. */
  depth = 0;
  readonly #schemas: SchemaTable;
  readonly #messages = new Map<string, ReadMessage>();

  constructor(schemas: SchemaTable) {
    this.#schemas = schemas;
  }

  message(typeName: string): ReadMessage {
    const known = this.#messages.get(typeName);
    if (known !== undefined) return known;
    const schema = this.#schema(typeName);
    const name = typeName.slice(typeName.lastIndexOf(".") + 1);
    const read = this.#compile(name, schema, specialTypes[typeName] === undefined ? schema.fields : "special");
    this.#messages.set(typeName, read);
    return read;
  }

  #schema(typeName: string): TypeSchema {
    const schema = this.#schemas[typeName];
    if (schema?.protobuf === undefined) throw new Error(`No protobuf message of type ${typeName}`);
    return schema;
  }

  #compile(name: string, schema: TypeSchema, owner: Owner): ReadMessage {
    let fields: (ReadField | undefined)[] | undefined;
    return (reader, end, target) => {
      fields ??= this.#fields(schema, owner);
      if (++this.depth > maximumDepth) throw new ProtobufError(`proto: ${depthMessage}`);
      while (reader.pos < end) {
        const tag = reader.uint32();
        const wireType = tag & 7;
        if (wireType === 4) throw new ProtobufError(`proto: ${name}: wiretype end group for non-group`);
        if (tag >>> 3 === 0) throw new ProtobufError(`proto: ${name}: illegal tag 0 (wire type ${tag})`);
        const field = fields[tag >>> 3];
        if (field === undefined) skipField(reader, wireType);
        else field(reader, target, wireType);
      }
      if (reader.pos > end) throw new ProtobufError(unexpectedEnd);
      this.depth--;
    };
  }

  #fields(schema: TypeSchema, owner: Owner): (ReadField | undefined)[] {
    const fields: (ReadField | undefined)[] = [];
    for (const [number, name, type, rule] of schema.protobuf ?? []) {
      const expected = rule === "map" ? lengthDelimited : (wireTypes[type] ?? lengthDelimited);
      const read = this.#field(schema, owner, [number, name, type, rule]);
      fields[number] = (reader, target, wireType) => {
        if (wireType === expected) read(reader, target, wireType);
        else if (rule === "repeated" && wireType === lengthDelimited) readPacked(reader, target, read);
        else throw new ProtobufError(`proto: wrong wireType = ${wireType} for field ${goFieldName(name)}`);
      };
    }
    return fields;
  }

  #field(schema: TypeSchema, owner: Owner, [, name, type, rule]: ProtobufField): ReadField {
    if (isInlined(schema, name, type, this.#schemas)) {
      const inlined = this.#compile(goFieldName(name), this.#schema(type), owner);
      return (reader, target) => inlined(reader, readEnd(reader), target);
    }
    const value = this.#value(type);
    if (rule === "map") return mapField(name, value);
    if (rule === "repeated") return repeatedField(name, value);
    return optionalField(name, value, owner === "special" || owner?.[name]?.presence === "pointer");
  }

  /** Reads a value with its length, where it has one. */
  #value(type: string): ReadValue {
    const scalar = scalars[type];
    if (scalar !== undefined) return scalar;
    const special = specialTypes[type];
    if (special !== undefined) {
      return (reader) => {
        const end = readEnd(reader);
        const parts: Target = {};
        this.message(type)(reader, end, parts);
        return special.decode(parts);
      };
    }
    const isList = isListWrapper(this.#schema(type));
    let message: ReadMessage | undefined;
    return (reader) => {
      message ??= this.message(type);
      const target: Target = {};
      message(reader, readEnd(reader), target);
      return isList ? (target["items"] ?? []) : target;
    };
  }
}

const goFieldName = (name: string): string => name.slice(0, 1).toUpperCase() + name.slice(1);

/** Repeated numbers may come one after the other in one field. */
function readPacked(reader: Reader, target: Target, read: ReadField): void {
  const end = readEnd(reader);
  while (reader.pos < end) read(reader, target, 0);
}

function optionalField(name: string, read: ReadValue, keepZero: boolean): ReadField {
  return (reader, target) => {
    const value = read(reader);
    if (value === undefined || (!keepZero && (value === "" || value === 0 || value === false))) return;
    target[name] = value;
  };
}

function repeatedField(name: string, read: ReadValue): ReadField {
  return (reader, target) => {
    const list = target[name] as unknown[] | undefined;
    if (list === undefined) target[name] = [read(reader)];
    else list.push(read(reader));
  };
}

function mapField(name: string, read: ReadValue): ReadField {
  return (reader, target) => {
    const map = (target[name] ?? {}) as Target;
    target[name] = map;
    const end = readEnd(reader);
    let key = "";
    let value: unknown;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1) key = readBytes(reader).toString("utf8");
      else if (tag >>> 3 === 2) value = read(reader);
      else skipField(reader, tag & 7);
    }
    if (reader.pos > end) throw new ProtobufError(unexpectedEnd);
    setAt(map, key, value ?? "");
  };
}
