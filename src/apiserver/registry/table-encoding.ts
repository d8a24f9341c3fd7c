import { type IncludeObject, parseIncludeObject, renderTable, type Table } from "../../machinery/table/render-table.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import type { ListMeta, ObjectEncoding } from "./encoding.ts";
import type { JsonList } from "./list-pieces.ts";
import type { ServedResource } from "./resources.ts";

/** Objects as rows of a Table, for `kubectl get`. */
export class TableEncoding implements ObjectEncoding {
  readonly key: string;
  readonly contentType = "application/json";
  readonly jsonList: JsonList;
  readonly #resource: ServedResource;
  readonly #apiVersion: string;
  readonly #include: IncludeObject;
  readonly #headers: boolean;

  /** `includeObject` is the query parameter. Throws StatusError BadRequest. */
  constructor(resource: ServedResource, version: string, includeObject: string | null, headers = true) {
    this.#resource = resource;
    this.#apiVersion = `meta.k8s.io/${version}`;
    this.#include = parseIncludeObject(includeObject);
    this.#headers = headers;
    this.jsonList = {
      head: (metadata) => {
        const { rows: _, ...head } = this.#table([], metadata);
        return head;
      },
      field: "rows",
      before: Buffer.alloc(0),
      item: (object) => Buffer.from(JSON.stringify(this.#table([object], {} as ListMeta).rows[0])),
    };
    this.key = `table ${resource.apiVersion} ${version} ${this.#include} ${headers}`;
  }

  /** The same without column definitions, for the events of a watch after the first. */
  withoutColumns(): TableEncoding {
    return new TableEncoding(this.#resource, this.#apiVersion.slice("meta.k8s.io/".length), this.#include, false);
  }

  one(object: CachedObject): Buffer {
    return this.#render([object], { resourceVersion: String(object.revision) });
  }

  list(objects: readonly CachedObject[], metadata: ListMeta): Buffer {
    return this.#render(objects, metadata);
  }

  bookmark(metadata: Record<string, unknown>): Buffer {
    const { resourceVersion } = metadata;
    const rows = [{ cells: [], object: { kind: "PartialObjectMetadata", apiVersion: this.#apiVersion, metadata } }];
    const table = {
      kind: "Table",
      apiVersion: this.#apiVersion,
      metadata: { resourceVersion },
      columnDefinitions: null,
      rows,
    };
    return Buffer.from(JSON.stringify(table));
  }

  #render(objects: readonly CachedObject[], metadata: ListMeta): Buffer {
    return Buffer.from(JSON.stringify(this.#table(objects, metadata)));
  }

  #table(objects: readonly CachedObject[], metadata: ListMeta): Table {
    const decoded = objects.map((object) => this.#resource.decode(object));
    return renderTable(this.#resource.kind, decoded, {
      now: Date.now(),
      include: this.#include,
      metadata,
      apiVersion: this.#apiVersion,
      headers: this.#headers,
    });
  }
}
