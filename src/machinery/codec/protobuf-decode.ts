/** Protobuf messages to objects. Each message type is compiled once into an array of field readers. */
import protobuf from "protobufjs/minimal.js";
import type { SchemaTable, TypeSchema } from "../schema/types.ts";
import { isInlined, isListWrapper, specialTypes } from "./protobuf-types.ts";

type Reader = protobuf.Reader;
type Target = Record<string, unknown>;
/** Reads one occurrence of a field into the object. */
type ReadField = (reader: Reader, target: Target) => void;
type ReadValue = (reader: Reader) => unknown;
/** The JSON fields of the object that a message is written into: its own, or those of the type that inlines it. */
type Owner = TypeSchema["fields"] | "special";
type ReadMessage = (reader: Reader, end: number, target: Target) => void;

/**
 * Decodes a bare message. Fields that proto2 cannot tell from absent ones (empty strings, zeros of fields that are no
 * pointers in Go) are left out. Throws a RangeError on truncated input.
 */
export function decodeMessage(bytes: Uint8Array, typeName: string, schemas: SchemaTable): Record<string, unknown> {
  const reader = protobuf.Reader.create(bytes);
  const target: Target = {};
  decoderOf(schemas).message(typeName)(reader, reader.len, target);
  return target;
}

const decoders = new WeakMap<SchemaTable, Decoder>();

function decoderOf(schemas: SchemaTable): Decoder {
  let decoder = decoders.get(schemas);
  if (decoder === undefined) {
    decoder = new Decoder(schemas);
    decoders.set(schemas, decoder);
  }
  return decoder;
}

/** int64 without Long objects where the number is small, which it nearly always is. */
function readInt64(reader: Reader): number {
  const value = reader.int64() as unknown;
  return typeof value === "number" ? value : (value as { toNumber(): number }).toNumber();
}

const scalars: Readonly<Record<string, ReadValue>> = {
  string: (reader) => reader.string(),
  bool: (reader) => reader.bool(),
  int32: (reader) => reader.int32(),
  int64: readInt64,
  uint32: (reader) => reader.uint32(),
  double: (reader) => reader.double(),
  bytes: (reader) => Buffer.from(reader.bytes()).toString("base64"),
};

class Decoder {
  readonly #schemas: SchemaTable;
  readonly #messages = new Map<string, ReadMessage>();

  constructor(schemas: SchemaTable) {
    this.#schemas = schemas;
  }

  message(typeName: string): ReadMessage {
    const known = this.#messages.get(typeName);
    if (known !== undefined) return known;
    const schema = this.#schema(typeName);
    const read = this.#compile(schema, specialTypes[typeName] === undefined ? schema.fields : "special");
    this.#messages.set(typeName, read);
    return read;
  }

  #schema(typeName: string): TypeSchema {
    const schema = this.#schemas[typeName];
    if (schema?.protobuf === undefined) throw new Error(`No protobuf message of type ${typeName}`);
    return schema;
  }

  #compile(schema: TypeSchema, owner: Owner): ReadMessage {
    let fields: (ReadField | undefined)[] | undefined;
    return (reader, end, target) => {
      fields ??= this.#fields(schema, owner);
      while (reader.pos < end) {
        const tag = reader.uint32();
        const field = fields[tag >>> 3];
        if (field === undefined) reader.skipType(tag & 7);
        else field(reader, target);
      }
    };
  }

  #fields(schema: TypeSchema, owner: Owner): (ReadField | undefined)[] {
    const fields: (ReadField | undefined)[] = [];
    for (const [number, name, type, rule] of schema.protobuf ?? []) {
      if (isInlined(schema, name, type, this.#schemas)) {
        const inlined = this.#compile(this.#schema(type), owner);
        fields[number] = (reader, target) => inlined(reader, reader.uint32() + reader.pos, target);
        continue;
      }
      const value = this.#value(type);
      if (rule === "map") fields[number] = mapField(name, value);
      else if (rule === "repeated") fields[number] = repeatedField(name, value);
      else fields[number] = optionalField(name, value, owner === "special" || owner?.[name]?.presence === "pointer");
    }
    return fields;
  }

  /** Reads a value with its length, where it has one. */
  #value(type: string): ReadValue {
    const scalar = scalars[type];
    if (scalar !== undefined) return scalar;
    const special = specialTypes[type];
    if (special !== undefined) {
      return (reader) => {
        const end = reader.uint32() + reader.pos;
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
      message(reader, reader.uint32() + reader.pos, target);
      return isList ? (target["items"] ?? []) : target;
    };
  }
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
    const end = reader.uint32() + reader.pos;
    let key = "";
    let value: unknown;
    while (reader.pos < end) {
      const tag = reader.uint32();
      if (tag >>> 3 === 1) key = reader.string();
      else if (tag >>> 3 === 2) value = read(reader);
      else reader.skipType(tag & 7);
    }
    if (key !== "__proto__") map[key] = value ?? "";
    else Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  };
}
