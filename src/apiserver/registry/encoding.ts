/**
 * The forms in which objects are answered. Objects of their stored version in JSON are copied as they are; all other
 * forms (another version, metadata alone, tables, protobuf) decode.
 */
import { StatusError } from "../../machinery/errors/status-error.ts";
import type { OutputForm, Producible } from "../http/negotiation.ts";
import type { RequestContext } from "../http/request-context.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import type { WatchEncoding } from "../watch/watch-session.ts";
import type { JsonList } from "./list-pieces.ts";
import { ProtobufEncoding, ProtobufMetadataEncoding } from "./protobuf-encoding.ts";
import type { ServedResource } from "./resources.ts";
import { TableEncoding } from "./table-encoding.ts";

export interface ListMeta {
  readonly resourceVersion: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export interface ObjectEncoding extends WatchEncoding {
  readonly contentType: string;
  list(objects: readonly CachedObject[], metadata: ListMeta): Buffer;
  /** How a large list is taken apart: by its items as JSON, or in pieces of its own. */
  readonly jsonList?: JsonList;
  /** Undefined stands for work that gave nothing yet. */
  pieces?(objects: readonly CachedObject[], metadata: ListMeta): Iterable<Buffer | undefined>;
}

/** The form that a request asks for, and how objects get it. Throws StatusError NotAcceptable. */
export function encodingFor(
  resource: ServedResource,
  context: RequestContext,
): { encoding: ObjectEncoding; form: OutputForm } {
  const form = outputForm(resource, context, { protobufMetadata: true });
  if (form.encoding === "protobuf") {
    const metadataOnly = form.as !== undefined;
    return {
      encoding: metadataOnly ? new ProtobufMetadataEncoding(form.version) : new ProtobufEncoding(resource),
      form,
    };
  }
  switch (form.as) {
    case undefined:
      return { encoding: resource.converts ? new ConvertedEncoding(resource) : new StoredEncoding(resource), form };
    case "Table":
      return { encoding: new TableEncoding(resource, form.version, context.query.get("includeObject")), form };
    default:
      return { encoding: new MetadataEncoding(form.version), form };
  }
}

/** JSON wherever the client takes it, protobuf where it takes nothing else; custom resources have none. */
export function outputForm(resource: ServedResource, context: RequestContext, producible?: Producible): OutputForm {
  try {
    return context.output(producible);
  } catch (error) {
    const onlyProtobuf = error instanceof StatusError && context.request.headers.accept?.includes("protobuf");
    if (onlyProtobuf !== true || isCustom(resource)) throw error;
    return context.output({ encodings: ["protobuf"], transformations: false });
  }
}

const comma = Buffer.from(",");
const openBrace = Buffer.from("{");
const listEnd = Buffer.from("]}");

/** Items of custom resources say what they are, as upstream's do, for clients that know no types. */
function isCustom({ kind }: ServedResource): boolean {
  return kind.schemas[kind.schemaName]?.structural === true;
}

const listKindOf = ({ kind }: ServedResource): string => kind.listKind ?? `${kind.kind}List`;

const listHead = (resource: ServedResource, metadata: ListMeta): object => ({
  kind: listKindOf(resource),
  apiVersion: resource.apiVersion,
  metadata,
});

function listStart(kind: string, apiVersion: string, metadata: ListMeta): Buffer {
  const head = `{"kind":"${kind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`;
  return Buffer.from(head);
}

/** One allocation for the whole list, since a list of thousands of objects is mostly copying. */
function joinItems(start: Buffer, items: readonly Buffer[], before: Buffer): Buffer {
  let length = start.length + listEnd.length + items.length * (before.length + comma.length);
  for (const item of items) length += item.length;
  const bytes = Buffer.allocUnsafe(length);
  let position = start.copy(bytes, 0);
  for (let index = 0; index < items.length; index++) {
    if (index > 0) position += comma.copy(bytes, position);
    position += before.copy(bytes, position);
    position += (items[index] as Buffer).copy(bytes, position);
  }
  position += listEnd.copy(bytes, position);
  return bytes.subarray(0, position);
}

const nothing = Buffer.alloc(0);

class StoredEncoding implements ObjectEncoding {
  readonly key = "";
  readonly contentType = "application/json";
  readonly jsonList: JsonList;
  readonly #resource: ServedResource;

  constructor(resource: ServedResource) {
    this.#resource = resource;
    const head = (metadata: ListMeta): object => listHead(resource, metadata);
    this.jsonList = isCustom(resource)
      ? { head, field: "items", before: nothing, item: ({ bytes }) => bytes }
      : { head, field: "items", before: openBrace, item: ({ itemBytes }) => itemBytes };
  }

  one(object: CachedObject): Buffer {
    return object.bytes;
  }

  list(objects: readonly CachedObject[], metadata: ListMeta): Buffer {
    const start = listStart(listKindOf(this.#resource), this.#resource.apiVersion, metadata);
    if (isCustom(this.#resource))
      return joinItems(
        start,
        objects.map(({ bytes }) => bytes),
        nothing,
      );
    const items = new Array<Buffer>(objects.length);
    for (let index = 0; index < objects.length; index++) items[index] = (objects[index] as CachedObject).itemBytes;
    return joinItems(start, items, openBrace);
  }

  bookmark(metadata: Record<string, unknown>): Buffer {
    return bookmarkOf(this.#resource, metadata);
  }
}

class ConvertedEncoding implements ObjectEncoding {
  readonly key: string;
  readonly contentType = "application/json";
  readonly jsonList: JsonList;
  readonly #resource: ServedResource;

  constructor(resource: ServedResource) {
    this.#resource = resource;
    this.key = resource.apiVersion;
    this.jsonList = {
      head: (metadata) => listHead(resource, metadata),
      field: "items",
      before: nothing,
      item: (object) => this.#item(object),
    };
  }

  one(object: CachedObject): Buffer {
    return Buffer.from(JSON.stringify(this.#resource.decode(object)));
  }

  list(objects: readonly CachedObject[], metadata: ListMeta): Buffer {
    const items = objects.map((object) => this.#item(object));
    return joinItems(listStart(listKindOf(this.#resource), this.#resource.apiVersion, metadata), items, nothing);
  }

  #item(object: CachedObject): Buffer {
    const { apiVersion, kind, ...item } = this.#resource.decode(object);
    return Buffer.from(JSON.stringify(isCustom(this.#resource) ? { apiVersion, kind, ...item } : item));
  }

  bookmark(metadata: Record<string, unknown>): Buffer {
    return bookmarkOf(this.#resource, metadata);
  }
}

function bookmarkOf({ kind, apiVersion }: ServedResource, metadata: Record<string, unknown>): Buffer {
  return Buffer.from(JSON.stringify({ kind: kind.kind, apiVersion, metadata }));
}

class MetadataEncoding implements ObjectEncoding {
  readonly key: string;
  readonly contentType = "application/json";
  readonly jsonList: JsonList;
  readonly #apiVersion: string;

  constructor(version: string) {
    this.#apiVersion = `meta.k8s.io/${version}`;
    this.key = `metadata ${version}`;
    this.jsonList = {
      head: (metadata) => ({ kind: "PartialObjectMetadataList", apiVersion: this.#apiVersion, metadata }),
      field: "items",
      before: nothing,
      item: (object) => this.one(object),
    };
  }

  one(object: CachedObject): Buffer {
    return this.bookmark((object.object.metadata ?? {}) as Record<string, unknown>);
  }

  list(objects: readonly CachedObject[], metadata: ListMeta): Buffer {
    const items = objects.map((object) => this.one(object));
    return joinItems(listStart("PartialObjectMetadataList", this.#apiVersion, metadata), items, nothing);
  }

  bookmark(metadata: Record<string, unknown>): Buffer {
    return Buffer.from(JSON.stringify({ kind: "PartialObjectMetadata", apiVersion: this.#apiVersion, metadata }));
  }
}
