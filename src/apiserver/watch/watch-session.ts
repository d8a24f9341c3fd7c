import type { ServerResponse } from "node:http";
import { expired, type Status } from "../../machinery/errors/status-error.ts";
import type { HttpResponse } from "../types.ts";
import type { CachedObject } from "./cached-object.ts";
import type { CacheEvent, EventType, WatchedResource } from "./resource-cache.ts";
import type { WatchCache } from "./watch-cache.ts";

/** What a watch sends objects as; see registry/encoding.ts. */
export interface WatchEncoding {
  /** Two encodings of one resource with the same key give the same bytes. */
  readonly key: string;
  one(object: CachedObject): Buffer;
  /** An object that only says how far a watch is. */
  bookmark(metadata: Record<string, unknown>): Buffer;
  /** What is not one object a line of JSON says how events and errors are written. */
  readonly stream?: {
    frame(type: string, object: Buffer): Buffer;
    status(status: Status): Buffer;
  };
}

export interface WatchSessionOptions {
  readonly cache: WatchCache;
  readonly resource: WatchedResource;
  /** Only objects whose keys start with it. */
  readonly prefix: string;
  /** Undefined: every object under the prefix. */
  readonly matches: ((object: CachedObject) => boolean) | undefined;
  readonly encoding: WatchEncoding;
  /** Of the events after the first, where it differs: tables name their columns once. */
  readonly laterEncoding?: WatchEncoding;
  /** Events after this revision; undefined: from now on. */
  readonly afterRevision: number | undefined;
  /** The state comes first, as ADDED events; with bookmarks, one marks its end. */
  readonly initialState: "none" | "plain" | "marked";
  readonly bookmarks: boolean;
}

/** A watcher with more unsent bytes than this is cut off; its client lists or watches again. */
const maximumUnsentBytes = 16 * 1024 * 1024;
/** How much of the past is read at a time: so many events, fewer where they are large. */
const maximumPastEvents = 32;
const pastBytes = 4 * 1024 * 1024;
const initialChunkBytes = 128 * 1024;

/** One watch: from a response whose headers are sent to its end. */
export class WatchSession {
  readonly #options: WatchSessionOptions;
  readonly #response: ServerResponse;
  #encoding: WatchEncoding;
  /** What happens before the state or the past is sent. */
  #pending: CacheEvent[] | undefined = [];
  #pendingBytes = 0;
  #queue: Buffer[] = [];
  #unsubscribe: () => void = () => undefined;
  #ended = false;
  #lastSent = 0;

  constructor(response: HttpResponse, options: WatchSessionOptions) {
    this.#options = options;
    this.#response = response as ServerResponse;
    this.#encoding = options.encoding;
  }

  get bookmarks(): boolean {
    return this.#options.bookmarks;
  }

  /** Sends what comes first, then events as they happen. Resolves when it has caught up; never rejects. */
  async run(): Promise<void> {
    if (this.#ended) return;
    const { resource, cache, afterRevision, initialState, prefix } = this.#options;
    this.#response.once("close", () => this.#stop());
    // From here to the snapshot nothing may be awaited, or changes would fall between the two.
    this.#unsubscribe = resource.subscribe((event) => this.#receive(event));
    if (initialState !== "none") {
      const revision = cache.revision;
      await this.#sendState(resource.list(prefix));
      if (initialState === "marked") this.#sendInitialEnd(revision);
    } else if (afterRevision !== undefined) await this.#sendPast(afterRevision);
    const missed = this.#pending ?? [];
    this.#pending = undefined;
    for (const event of missed) this.#send(event);
  }

  /** Tells the client that it has seen all changes up to a revision, once it has. */
  bookmark(revision: number): void {
    this.#afterEvents(() => {
      if (this.#pending !== undefined || this.#ended) return;
      this.#write(this.#frame("BOOKMARK", this.#encoding.bookmark({ resourceVersion: String(revision) })));
    });
  }

  /** Ends the response in order: what has happened is sent first. */
  end(): void {
    this.#afterEvents(() => {
      if (this.#ended) return;
      this.#flush();
      this.#stop();
      this.#response.end();
    });
  }

  #afterEvents(act: () => void): void {
    const { resource } = this.#options;
    if (resource.settled === undefined) act();
    else resource.settled(act);
  }

  #stop(): void {
    this.#ended = true;
    this.#queue = [];
    this.#pending = undefined;
    this.#unsubscribe();
  }

  #receive(event: CacheEvent): void {
    if (this.#pending === undefined) {
      this.#send(event);
      return;
    }
    this.#pending.push(event);
    // A client that does not read its state must not make the server keep all that anybody writes meanwhile.
    this.#pendingBytes += event.object.bytes.length;
    if (this.#pendingBytes > maximumUnsentBytes) this.#response.destroy();
  }

  #send(event: CacheEvent): void {
    if (event.revision <= this.#lastSent) return;
    this.#lastSent = event.revision;
    const bytes = this.#frameOf(event);
    if (bytes !== undefined) this.#write(bytes);
  }

  /** The event as this watcher sees it: an object that leaves the selection is DELETED, one that enters it ADDED. */
  #frameOf(event: CacheEvent): Buffer | undefined {
    const { prefix, matches } = this.#options;
    if (!event.object.key.startsWith(prefix)) return undefined;
    if (matches === undefined) return this.#shared(event, event.type, event.object);
    const before = event.previous !== undefined && matches(event.previous);
    const after = event.type !== "DELETED" && matches(event.object);
    if (after) return this.#shared(event, before ? "MODIFIED" : "ADDED", event.object);
    if (!before) return undefined;
    const last = event.type === "DELETED" ? event.object : (event.previous as CachedObject).at(event.revision);
    return this.#shared(event, "DELETED", last);
  }

  #shared(event: CacheEvent, type: EventType, object: CachedObject): Buffer {
    const encoding = this.#encoding;
    const key = encoding.key === "" ? type : `${type} ${encoding.key}`;
    const bytes = event.frames.get(key, () => this.#frame(type, encoding.one(object)));
    this.#encoding = this.#options.laterEncoding ?? encoding;
    return bytes;
  }

  async #sendState(objects: readonly CachedObject[]): Promise<void> {
    const { matches } = this.#options;
    let size = 0;
    for (const object of objects) {
      if (matches !== undefined && !matches(object)) continue;
      const bytes = this.#frame("ADDED", this.#encoding.one(object));
      this.#encoding = this.#options.laterEncoding ?? this.#encoding;
      this.#queue.push(bytes);
      size += bytes.length;
      if (size < initialChunkBytes) continue;
      size = 0;
      await this.#drained();
      if (this.#ended) return;
    }
    this.#flush();
  }

  /** The events after a revision up to now, a part after the other, each when the client has taken the one before. */
  async #sendPast(afterRevision: number): Promise<void> {
    const { resource, cache } = this.#options;
    const through = cache.revision;
    let after = afterRevision;
    let limit = 1;
    while (!this.#ended) {
      const past = await cache.eventsAfter(resource, { after, through, limit });
      if (past === undefined) {
        this.#sendError(expired(`too old resource version: ${afterRevision} (${through})`).status);
        return;
      }
      for (const event of past.events) this.#send(event);
      after = past.events.at(-1)?.revision ?? through;
      limit = nextLimit(past.events);
      if (past.whole) return;
      await this.#drained();
    }
  }

  #sendInitialEnd(revision: number): void {
    const metadata = {
      resourceVersion: String(revision),
      annotations: { "k8s.io/initial-events-end": "true" },
    };
    this.#write(this.#frame("BOOKMARK", this.#encoding.bookmark(metadata)));
  }

  #sendError(status: Status): void {
    const object = this.#encoding.stream?.status(status) ?? Buffer.from(JSON.stringify(status));
    this.#write(this.#frame("ERROR", object));
    this.end();
  }

  #frame(type: string, object: Buffer): Buffer {
    return this.#encoding.stream?.frame(type, object) ?? jsonFrame(type, object);
  }

  /** Frames of one commit go out in one write. */
  #write(bytes: Buffer): void {
    if (this.#ended) return;
    this.#queue.push(bytes);
    if (this.#queue.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): boolean {
    const queue = this.#queue;
    if (this.#ended || queue.length === 0) return true;
    this.#queue = [];
    const taken = this.#response.write(queue.length === 1 ? queue[0] : Buffer.concat(queue));
    if (this.#response.writableLength > maximumUnsentBytes) this.#response.destroy();
    return taken;
  }

  #drained(): Promise<void> {
    if (this.#flush()) return Promise.resolve();
    return new Promise((resolve) => {
      const go = (): void => {
        this.#response.removeListener("drain", go);
        this.#response.removeListener("close", go);
        resolve();
      };
      this.#response.on("drain", go);
      this.#response.on("close", go);
    });
  }
}

function nextLimit(events: readonly CacheEvent[]): number {
  const sizes = events.map(({ object, previous }) => object.bytes.length + (previous?.bytes.length ?? 0));
  return Math.max(1, Math.min(maximumPastEvents, 4 * events.length, Math.floor(pastBytes / Math.max(1, ...sizes))));
}

const frameEnd = Buffer.from("}\n");

function jsonFrame(type: string, object: Buffer): Buffer {
  const start = `{"type":"${type}","object":`;
  const bytes = Buffer.allocUnsafe(start.length + object.length + frameEnd.length);
  bytes.write(start, 0, "latin1");
  object.copy(bytes, start.length);
  frameEnd.copy(bytes, start.length + object.length);
  return bytes;
}
