/** Objects, and their metadata alone, in protobuf; watches send them in frames of their own. */
import { builtInSchemas } from "../../kinds/schema-table.ts";
import {
  encodeEnvelope,
  encodeMessage,
  encodeProtobuf,
  encodeWatchEvent,
  typeOfKind,
} from "../../machinery/codec/protobuf.ts";
import { notAcceptable, type Status } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { contentTypeOf, type OutputForm } from "../http/negotiation.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import type { ListMeta, ObjectEncoding } from "./encoding.ts";
import type { ServedResource } from "./resources.ts";

const metaPackage = "io.k8s.apimachinery.pkg.apis.meta";

const stream = {
  frame: encodeWatchEvent,
  status: (status: Status): Buffer => encodeProtobuf({ ...status }, builtInSchemas, `${metaPackage}.v1.Status`),
};

export class ProtobufEncoding implements ObjectEncoding {
  readonly key = "protobuf";
  readonly contentType = contentTypeOf.protobuf;
  readonly stream = stream;
  readonly #resource: ServedResource;

  constructor(resource: ServedResource) {
    this.#resource = resource;
  }

  one(object: CachedObject): Buffer {
    const { schemas, schemaName } = this.#resource.kind;
    return encodeProtobuf(this.#resource.decode(object), schemas, schemaName);
  }

  list(objects: readonly CachedObject[], metadata: ListMeta): Buffer {
    const { kind, apiVersion } = this.#resource;
    const listKind = `${kind.kind}List`;
    const typeName = typeOfKind(kind.schemas, apiVersion, listKind);
    if (typeName === undefined) throw notAcceptable(`${listKind} has no protobuf form`);
    const items = objects.map((object) => this.#resource.decode(object));
    const list = { apiVersion, kind: listKind, metadata, items } as unknown as UnknownObject;
    return encodeProtobuf(list, kind.schemas, typeName);
  }

  *pieces(objects: readonly CachedObject[], metadata: ListMeta): Iterable<Buffer | undefined> {
    const { kind, apiVersion } = this.#resource;
    const listKind = `${kind.kind}List`;
    const typeName = typeOfKind(kind.schemas, apiVersion, listKind);
    if (typeName === undefined) throw notAcceptable(`${listKind} has no protobuf form`);
    yield* protobufPieces(objects, {
      type: { apiVersion, kind: listKind },
      head: { metadata },
      itemsOf: (some) => ({ items: some.map((object) => this.#resource.decode(object)) }),
      encode: (fields) => encodeMessage(fields, typeName, kind.schemas),
    });
  }

  bookmark(metadata: Record<string, unknown>): Buffer {
    const { kind, apiVersion } = this.#resource;
    return encodeProtobuf({ apiVersion, kind: kind.kind, metadata }, kind.schemas, kind.schemaName);
  }
}

interface ProtobufList {
  readonly type: { readonly apiVersion: string; readonly kind: string };
  readonly head: Record<string, unknown>;
  itemsOf(objects: readonly CachedObject[]): Record<string, unknown>;
  encode(fields: Record<string, unknown>): Uint8Array;
}

const objectsAtOnce = 50;

/** A message is its fields one after the other, so that items are encoded apart; their length goes before them all. */
function* protobufPieces(
  objects: readonly CachedObject[],
  { type, head, itemsOf, encode }: ProtobufList,
): Iterable<Buffer | undefined> {
  const parts = [encode(head)];
  for (let start = 0; start < objects.length; start += objectsAtOnce) {
    parts.push(encode(itemsOf(objects.slice(start, start + objectsAtOnce))));
    yield undefined;
  }
  const envelope = encodeEnvelope(
    type,
    parts.reduce((sum, { length }) => sum + length, 0),
    builtInSchemas,
  );
  yield envelope.before;
  for (const part of parts) yield Buffer.from(part.buffer, part.byteOffset, part.length);
  yield envelope.after;
}

/** PartialObjectMetadata, which custom resources have in protobuf too. */
export class ProtobufMetadataEncoding implements ObjectEncoding {
  readonly key: string;
  readonly contentType = contentTypeOf.protobuf;
  readonly stream = stream;
  readonly #version: OutputForm["version"];

  constructor(version: OutputForm["version"]) {
    this.#version = version;
    this.key = `protobuf metadata ${version}`;
  }

  one(object: CachedObject): Buffer {
    return this.bookmark((object.object.metadata ?? {}) as Record<string, unknown>);
  }

  /** The items do not say what they are: unlike the field numbers of the list, their type is the same in both versions. */
  list(objects: readonly CachedObject[], metadata: ListMeta): Buffer {
    const items = objects.map(({ object }) => ({ metadata: object.metadata ?? {} }));
    return this.#encode("PartialObjectMetadataList", { metadata, items }, this.#version);
  }

  *pieces(objects: readonly CachedObject[], metadata: ListMeta): Iterable<Buffer | undefined> {
    const kind = "PartialObjectMetadataList";
    const typeName = `${metaPackage}.${this.#version}.${kind}`;
    yield* protobufPieces(objects, {
      type: { apiVersion: `meta.k8s.io/${this.#version}`, kind },
      head: { metadata },
      itemsOf: (some) => ({ items: some.map(({ object }) => ({ metadata: object.metadata ?? {} })) }),
      encode: (fields) => encodeMessage(fields, typeName, builtInSchemas),
    });
  }

  bookmark(metadata: Record<string, unknown>): Buffer {
    return this.#encode("PartialObjectMetadata", { metadata }, "v1");
  }

  #encode(kind: string, fields: Record<string, unknown>, typeVersion: string): Buffer {
    const object = { apiVersion: `meta.k8s.io/${this.#version}`, kind, ...fields } as UnknownObject;
    return encodeProtobuf(object, builtInSchemas, `${metaPackage}.${typeVersion}.${kind}`);
  }
}
