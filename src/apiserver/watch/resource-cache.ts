import { type Clock, systemClock } from "../../lib/clock.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import type { CachedObject } from "./cached-object.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/**
 * Encoded watch frames of one event, by type and encoding: made by the first watcher that needs one, kept for the others
 * until the event has reached those who watch.
 */
export class EventFrames {
  #frames: Map<string, Buffer> | undefined;
  #closed = false;

  get(key: string, encode: () => Buffer): Buffer {
    if (this.#closed) return encode();
    this.#frames ??= new Map();
    let frame = this.#frames.get(key);
    if (frame === undefined) {
      frame = encode();
      this.#frames.set(key, frame);
    }
    return frame;
  }

  /** Lets go of them, and keeps none any more: each may hold a whole block of Node's pool of buffers. */
  close(): void {
    this.#closed = true;
    this.#frames = undefined;
  }
}

/** A change of one object; `object` of a DELETED one is the last state under the revision of the removal. */
export interface CacheEvent {
  readonly type: EventType;
  readonly revision: number;
  readonly object: CachedObject;
  readonly previous: CachedObject | undefined;
  readonly frames: EventFrames;
}

/** Bounds of what one resource keeps of its past in memory; older watches are served from the store. */
const maximumEvents = 1_000;
const maximumReplacedBytes = 2 * 1024 * 1024;
/** A client that was away for longer lists anew, or is served from the store. Without it a quiet resource fills for hours. */
const maximumAgeMs = 300_000;
const minimumEvents = 64;
/** Events whose frames are kept: some watchers are told a little later, once a webhook has converted. */
const maximumFramed = 8;

/** What a watch needs of a resource. */
export interface WatchedResource extends Pick<ResourceCache, "prefix" | "list" | "subscribe" | "eventsAfter"> {
  /** Where events reach subscribers late: calls back when all that have happened so far have. */
  settled?(then: () => void): void;
}

/** All objects of one resource in their newest state, sorted by key, and the last events. */
export class ResourceCache {
  readonly prefix: string;
  /** Of the stored version; set when the kind is known. */
  kind: KindDefinition | undefined;
  /** Revision of the last change; the resource looks the same at every revision from here on. */
  lastChange: number;
  readonly #objects = new Map<string, CachedObject>();
  readonly #sorted: CachedObject[] = [];
  readonly #subscribers = new Set<(event: CacheEvent) => void>();
  #events: CacheEvent[] = [];
  /** When each of #events was applied. */
  #times: number[] = [];
  readonly #clock: Pick<Clock, "now">;
  #replacedBytes = 0;
  readonly #framed: EventFrames[] = [];
  /** Every event after this revision is in #events. */
  #windowStart: number;

  constructor(prefix: string, revision: number, clock: Pick<Clock, "now"> = systemClock) {
    this.prefix = prefix;
    this.#clock = clock;
    this.lastChange = revision;
    this.#windowStart = revision;
  }

  get size(): number {
    return this.#sorted.length;
  }

  get(key: string): CachedObject | undefined {
    return this.#objects.get(key);
  }

  /** Objects whose keys start with `prefix` and come after `after`, in order, at most `limit` (0: all). */
  list(prefix: string, after = "", limit = 0): CachedObject[] {
    const { start, end } = this.#range(prefix, after);
    return this.#sorted.slice(start, limit > 0 ? Math.min(end, start + limit) : end);
  }

  /** How many `list` would give without a limit. */
  count(prefix: string, after = ""): number {
    const { start, end } = this.#range(prefix, after);
    return end - start;
  }

  /** Puts an object there while the cache is filled, without an event. */
  load(object: CachedObject): void {
    this.#objects.set(object.key, object);
    this.#sorted.push(object);
  }

  /** Applies a change. Subscribers are called later, by publish, when the whole commit is applied. */
  apply(event: CacheEvent): void {
    if (event.type === "DELETED") this.#remove(event.object.key);
    else this.#put(event.object);
    this.lastChange = event.revision;
    this.#events.push(event);
    this.#times.push(this.#clock.now());
    this.#replacedBytes += event.previous?.bytes.length ?? 0;
    this.#trim();
  }

  publish(event: CacheEvent): void {
    for (const subscriber of this.#subscribers) subscriber(event);
    this.#framed.push(event.frames);
    if (this.#framed.length > maximumFramed) this.#framed.shift()?.close();
  }

  subscribe(subscriber: (event: CacheEvent) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  /** The events after a revision, or undefined where memory does not reach back so far. */
  eventsAfter(revision: number): readonly CacheEvent[] | undefined {
    if (revision < this.#windowStart) return undefined;
    let start = this.#events.length;
    while (start > 0 && (this.#events[start - 1] as CacheEvent).revision > revision) start--;
    return this.#events.slice(start);
  }

  #range(prefix: string, after: string): { start: number; end: number } {
    if (prefix === this.prefix && after === "") return { start: 0, end: this.#sorted.length };
    const start = this.#firstAtOrAfter(after > prefix ? `${after}\0` : prefix);
    // Keys are ASCII, so this sorts after every key with the prefix.
    return { start, end: Math.max(start, this.#firstAtOrAfter(`${prefix}\u007f`)) };
  }

  #put(object: CachedObject): void {
    const known = this.#objects.has(object.key);
    this.#objects.set(object.key, object);
    const last = this.#sorted.at(-1);
    if (!known && (last === undefined || last.key < object.key)) {
      this.#sorted.push(object);
      return;
    }
    this.#sorted.splice(this.#firstAtOrAfter(object.key), known ? 1 : 0, object);
  }

  #remove(key: string): void {
    if (this.#objects.delete(key)) this.#sorted.splice(this.#firstAtOrAfter(key), 1);
  }

  #firstAtOrAfter(key: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] as CachedObject).key < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Drops the older half when a bound is passed or all of it is old, so that the cost of moving the rest is shared by
   * many events.
   */
  #trim(): void {
    const count = Math.ceil(this.#events.length / 2);
    const old = this.#events.length > minimumEvents && this.#age(count - 1) > maximumAgeMs;
    if (!old && this.#events.length <= maximumEvents && this.#replacedBytes <= maximumReplacedBytes) return;
    for (const event of this.#events.slice(0, count)) this.#replacedBytes -= event.previous?.bytes.length ?? 0;
    this.#windowStart = (this.#events[count - 1] as CacheEvent).revision;
    this.#events = this.#events.slice(count);
    this.#times = this.#times.slice(count);
  }

  #age(index: number): number {
    return (this.#times.at(-1) as number) - (this.#times[index] as number);
  }
}
