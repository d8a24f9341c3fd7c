/**
 * Large lists, a piece at a time: as many objects as are copied or encoded in a moment, so that others have the thread
 * between two pieces, and no list is in memory as a whole.
 */
import { parseOwnJson } from "../../machinery/codec/json.ts";
import type { OutputForm } from "../http/negotiation.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import type { ListMeta } from "./encoding.ts";

/** A list whose items are JSON texts. */
export interface JsonList {
  /** All of the list but its items, in order. */
  head(metadata: ListMeta): object;
  readonly field: "items" | "rows";
  /** What goes before each item's text. */
  readonly before: Buffer;
  item(object: CachedObject): Buffer;
}

/** A piece is done when it is so large or took so long. */
const pieceBytes = 512 * 1024;
const pieceMs = 3;

/** Gathers texts until a piece is done. */
class Piece {
  #parts: Buffer[] = [];
  #bytes = 0;
  #startedAt = performance.now();

  add(part: Buffer): void {
    this.#parts.push(part);
    this.#bytes += part.length;
  }

  get done(): boolean {
    return this.#bytes >= pieceBytes || performance.now() - this.#startedAt >= pieceMs;
  }

  take(): Buffer {
    const bytes = Buffer.concat(this.#parts, this.#bytes);
    this.#parts = [];
    this.#bytes = 0;
    this.#startedAt = performance.now();
    return bytes;
  }
}

interface Layout {
  readonly start: string;
  readonly separator: Buffer;
  item(object: CachedObject, piece: Piece): void;
  readonly end: string;
}

/** The pieces of a list in a form; each is made when it is asked for. */
export async function listPieces(
  list: JsonList,
  objects: readonly CachedObject[],
  metadata: ListMeta,
  { encoding, pretty }: OutputForm,
): Promise<Iterable<Buffer>> {
  if (encoding === "yaml") return arrange(objects, await yamlLayout(list, objects, metadata));
  return arrange(objects, pretty ? prettyLayout(list, objects, metadata) : jsonLayout(list, metadata));
}

function* arrange(objects: readonly CachedObject[], { start, separator, item, end }: Layout): Iterable<Buffer> {
  const piece = new Piece();
  piece.add(Buffer.from(start));
  let first = true;
  for (const object of objects) {
    if (!first) piece.add(separator);
    first = false;
    item(object, piece);
    if (piece.done) yield piece.take();
  }
  piece.add(Buffer.from(end));
  yield piece.take();
}

function jsonLayout(list: JsonList, metadata: ListMeta): Layout {
  return {
    start: `${JSON.stringify(list.head(metadata)).slice(0, -1)},"${list.field}":[`,
    separator: Buffer.from(","),
    item: (object, piece) => {
      if (list.before.length > 0) piece.add(list.before);
      piece.add(list.item(object));
    },
    end: "]}",
  };
}

const textOf = (list: JsonList, object: CachedObject): string =>
  list.before.toString("latin1") + list.item(object).toString("utf8");

function prettyLayout(list: JsonList, { length }: readonly CachedObject[], metadata: ListMeta): Layout {
  return {
    start: `${JSON.stringify(list.head(metadata), null, 2).slice(0, -2)},\n  "${list.field}": [`,
    separator: Buffer.from(","),
    item: (object, piece) => {
      const text = JSON.stringify(parseOwnJson(textOf(list, object)), null, 2);
      piece.add(Buffer.from(`\n    ${text.replaceAll("\n", "\n    ")}`));
    },
    end: length === 0 ? "]\n}\n" : "\n  ]\n}\n",
  };
}

async function yamlLayout(list: JsonList, { length }: readonly CachedObject[], metadata: ListMeta): Promise<Layout> {
  const { stringify } = await import("yaml");
  return {
    start: `${stringify(list.head(metadata))}${list.field}:${length === 0 ? " []\n" : "\n"}`,
    separator: Buffer.alloc(0),
    item: (object, piece) => piece.add(Buffer.from(stringify([parseOwnJson(textOf(list, object))]))),
    end: "",
  };
}
