/**
 * Kubernetes' protobuf form, `application/vnd.kubernetes.protobuf`: the bytes `k8s\0`, then a runtime.Unknown that
 * holds apiVersion, kind and the message. Typed clients send request bodies in it. Table-driven from the field numbers
 * in schema.json; messages become the objects that the JSON form would have given, and the other way round.
 */
import protobuf from "protobufjs/minimal.js";
import { badRequest } from "../errors/status-error.ts";
import type { UnknownObject } from "../meta/object.ts";
import { formatApiVersion } from "../meta/object.ts";
import type { SchemaTable } from "../schema/types.ts";
import { decodeMessage, ProtobufError, splitMessage } from "./protobuf-decode.ts";
import { encodeMessage } from "./protobuf-encode.ts";

export { decodeMessage } from "./protobuf-decode.ts";
export { encodeMessage } from "./protobuf-encode.ts";

export const protobufMediaType = "application/vnd.kubernetes.protobuf";
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const typeMetaType = "io.k8s.apimachinery.pkg.runtime.TypeMeta";

export interface DecodedProtobuf {
  readonly apiVersion: string;
  readonly kind: string;
  /** With apiVersion and kind; not yet conformed. */
  readonly object: UnknownObject;
}

export function isProtobuf(bytes: Uint8Array): boolean {
  return bytes.length >= magic.length && magic.every((byte, index) => bytes[index] === byte);
}

/**
 * Decodes the envelope and the message in it. `expectedType` names the type where the table has none of the kind that
 * the envelope says, or the envelope says none. Throws StatusError BadRequest.
 */
export function decodeProtobuf(bytes: Uint8Array, schemas: SchemaTable, expectedType?: string): DecodedProtobuf {
  if (!isProtobuf(bytes)) throw badRequest("provided data does not appear to be a protobuf message");
  const expected = expectedType?.slice(expectedType.lastIndexOf(".") + 1) ?? "object";
  const { typeMeta, raw } = refusing(`the object provided is unrecognized (must be of type ${expected})`, () => {
    const parts = splitMessage(bytes.subarray(magic.length));
    return { typeMeta: decodeMessage(parts.get(1) ?? nothing, typeMetaType, schemas), raw: parts.get(2) ?? nothing };
  });
  const apiVersion = String(typeMeta["apiVersion"] ?? "");
  const kind = String(typeMeta["kind"] ?? "");
  const typeName = typeOfKind(schemas, apiVersion, kind) ?? expectedType;
  if (typeName === undefined) {
    throw badRequest(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`);
  }
  const given = kind || expected;
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1);
  const message = refusing(`${given} in version ${JSON.stringify(version)} cannot be handled as a ${expected}`, () =>
    decodeMessage(raw, typeName, schemas),
  );
  const object = { ...(kind === "" ? {} : { apiVersion, kind }), ...message };
  return { apiVersion, kind, object };
}

function refusing<T>(what: string, decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof ProtobufError) throw badRequest(`${what}: ${cause.message}`, { cause });
    throw cause;
  }
}

const nothing = new Uint8Array(0);

/** The object in its envelope. */
export function encodeProtobuf(object: UnknownObject, schemas: SchemaTable, typeName: string): Buffer {
  const writer = protobuf.Writer.create();
  const { apiVersion, kind } = object;
  writer.uint32(0x0a).bytes(encodeMessage({ apiVersion, kind }, typeMetaType, schemas));
  writer.uint32(0x12).bytes(encodeMessage(object, typeName, schemas));
  writer.uint32(0x1a).string("").uint32(0x22).string("");
  return Buffer.concat([magic, writer.finish()]);
}

/** What goes before and after a message of so many bytes that is encoded in parts. */
export function encodeEnvelope(
  type: { readonly apiVersion: string; readonly kind: string },
  length: number,
  schemas: SchemaTable,
): { readonly before: Buffer; readonly after: Buffer } {
  const writer = protobuf.Writer.create();
  writer.uint32(0x0a).bytes(encodeMessage({ ...type }, typeMetaType, schemas));
  writer.uint32(0x12).uint32(length);
  const end = protobuf.Writer.create().uint32(0x1a).string("").uint32(0x22).string("");
  return { before: Buffer.concat([magic, writer.finish()]), after: Buffer.from(end.finish()) };
}

const kindTables = new WeakMap<SchemaTable, Map<string, string>>();
const metaPrefix = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/** The type of a kind; the options and Status of every group are those of meta/v1. */
export function typeOfKind(schemas: SchemaTable, apiVersion: string, kind: string): string | undefined {
  let kinds = kindTables.get(schemas);
  if (kinds === undefined) {
    kinds = new Map();
    for (const [name, schema] of Object.entries(schemas)) {
      for (const gvk of schema.gvk ?? []) kinds.set(`${formatApiVersion(gvk)} ${gvk.kind}`, name);
    }
    kindTables.set(schemas, kinds);
  }
  const known = kinds.get(`${apiVersion} ${kind}`);
  if (known !== undefined) return known;
  const isMeta = /^(\w+Options|Status|WatchEvent)$/.test(kind) && schemas[metaPrefix + kind] !== undefined;
  return isMeta ? metaPrefix + kind : undefined;
}

/**
 * One event of a watch in protobuf: its length in four bytes, big-endian, then a meta.v1.WatchEvent whose object is given
 * in the form of `encodeProtobuf`.
 */
export function encodeWatchEvent(type: string, object: Uint8Array): Buffer {
  const event = protobuf.Writer.create().uint32(0x0a).string(type).uint32(0x12).fork();
  const message = event.uint32(0x0a).bytes(object).ldelim().finish();
  const frame = Buffer.allocUnsafe(4 + message.length);
  frame.writeUInt32BE(message.length);
  frame.set(message, 4);
  return frame;
}
