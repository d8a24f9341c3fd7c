/**
 * The watch cache: every object in its newest state as final JSON bytes, and the latest events. Fed by the store's
 * events synchronously at commit, before a write is acknowledged, so that what GET and LIST read here is always
 * current; feeds the registry, watches, and the reader that authorization and admission use.
 */
import type { KindDefinition } from "../../machinery/kind.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { isStoreError } from "../../store/errors.ts";
import type { PastEvent, Store, StoreEvent } from "../../store/types.ts";
import { CachedObject, type ObjectIdentity } from "./cached-object.ts";
import { type CacheEvent, EventFrames, ResourceCache, type WatchedResource } from "./resource-cache.ts";

const root = "/registry/";
const loadPage = 500;

/** `/registry/apps/deployments/`; the core group is written `core`. */
function resourcePrefix(group: string, plural: string): string {
  return `${root}${group === "" ? "core" : group}/${plural}/`;
}

export class WatchCache {
  readonly store: Store;
  readonly #resources = new Map<string, ResourceCache>();
  /** What writers have decoded already, by the very buffer that they gave to the store. */
  readonly #decoded = new WeakMap<Buffer, UnknownObject>();
  readonly #waiters = new Set<{ revision: number; resolve: () => void }>();
  #revision: number;
  #stop: (() => void) | undefined;

  private constructor(store: Store, revision: number) {
    this.store = store;
    this.#revision = revision;
  }

  /** Loads everything from the store and follows it. */
  static async open(store: Store): Promise<WatchCache> {
    const cache = new WatchCache(store, await store.currentRevision());
    for (let after = "", remaining = 1; remaining > 0; ) {
      const page = await store.list(root, { after, limit: loadPage, revision: cache.#revision });
      for (const { key, value, revision, createRevision } of page.entries) {
        cache.#resourceOf(key).load(CachedObject.fromStored(identify(key, createRevision), revision, value));
      }
      after = page.entries.at(-1)?.key ?? "";
      remaining = page.remaining;
    }
    cache.#stop = await store.watch(root, cache.#revision, (events) => cache.#apply(events));
    return cache;
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Whether changes of the store come in. */
  get following(): boolean {
    return this.#stop !== undefined;
  }

  /** All changes up to this revision are in the cache. */
  get revision(): number {
    return this.#revision;
  }

  /** The cache of a resource, made empty where nothing of it is stored yet. `kind` is of the stored version. */
  resource(kind: Pick<KindDefinition, "group" | "plural">): ResourceCache {
    return this.#resourceAt(resourcePrefix(kind.group, kind.plural));
  }

  /** Spares the cache the decoding of a value that is about to be written. The object then belongs to the cache. */
  willWrite(value: Buffer, object: UnknownObject): void {
    this.#decoded.set(value, object);
  }

  /** Resolves with true when the cache has reached a revision, with false after `timeoutMs`. */
  reached(revision: number, timeoutMs: number): Promise<boolean> | boolean {
    if (revision <= this.#revision) return true;
    return new Promise((resolve) => {
      const waiter = {
        revision,
        resolve: () => {
          clearTimeout(timer);
          resolve(true);
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        resolve(false);
      }, timeoutMs);
      this.#waiters.add(waiter);
    });
  }

  /**
   * The events of a resource after a revision and up to another, from memory or the store; of the store so many that they
   * hold little memory, whatever was written. `whole`: there are no more. Undefined where they were compacted.
   */
  async eventsAfter(
    resource: WatchedResource,
    { after, through, limit }: { readonly after: number; readonly through: number; readonly limit: number },
  ): Promise<{ readonly events: readonly CacheEvent[]; readonly whole: boolean } | undefined> {
    const inMemory = resource.eventsAfter(after);
    if (inMemory !== undefined) return { events: inMemory.filter(({ revision }) => revision <= through), whole: true };
    try {
      const events = (await this.store.history(resource.prefix, after, { through, limit })).map(pastEvent);
      return { events, whole: events.length < limit };
    } catch (error) {
      if (isStoreError(error, "STORE_COMPACTED")) return undefined;
      throw error;
    }
  }

  #apply(events: readonly StoreEvent[]): void {
    const applied: [ResourceCache, CacheEvent][] = [];
    for (const event of events) {
      const resource = this.#resourceOf(event.key);
      const change = this.#change(resource, event);
      resource.apply(change);
      applied.push([resource, change]);
    }
    this.#revision = events.at(-1)?.revision ?? this.#revision;
    for (const [resource, change] of applied) resource.publish(change);
    for (const waiter of this.#waiters) {
      if (waiter.revision > this.#revision) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #change(resource: ResourceCache, event: StoreEvent): CacheEvent {
    const { key, revision, createRevision } = event;
    const previous = resource.get(key);
    if (event.type === "DELETE") {
      const object =
        previous?.at(revision) ?? CachedObject.fromStored(identify(key, createRevision), revision, event.value);
      return { type: "DELETED", revision, object, previous, frames: new EventFrames() };
    }
    const { value } = event;
    const identity = previous?.identity.createRevision === createRevision ? previous.identity : undefined;
    const decoded = this.#decoded.get(value);
    const object = CachedObject.fromStored(identity ?? identify(key, createRevision), revision, value, decoded);
    if (decoded !== undefined && resource.kind !== undefined) object.readFields(resource.kind);
    return {
      type: previous === undefined ? "ADDED" : "MODIFIED",
      revision,
      object,
      previous,
      frames: new EventFrames(),
    };
  }

  #resourceOf(key: string): ResourceCache {
    const groupEnd = key.indexOf("/", root.length);
    return this.#resourceAt(key.slice(0, key.indexOf("/", groupEnd + 1) + 1));
  }

  #resourceAt(prefix: string): ResourceCache {
    let resource = this.#resources.get(prefix);
    if (resource === undefined) {
      resource = new ResourceCache(prefix, this.#revision);
      this.#resources.set(prefix, resource);
    }
    return resource;
  }
}

/** Keys are `/registry/GROUP/PLURAL/NAME` or `/registry/GROUP/PLURAL/NAMESPACE/NAME`. */
export function identify(key: string, createRevision: number): ObjectIdentity {
  const parts = key.split("/");
  const namespaced = parts.length > 5;
  return {
    key,
    namespace: namespaced ? (parts[4] as string) : "",
    name: (namespaced ? parts[5] : parts[4]) as string,
    createRevision,
  };
}

function pastEvent(event: PastEvent): CacheEvent {
  const identity = identify(event.key, event.createRevision);
  const before = event.previous;
  const previous = before && CachedObject.fromStored(identity, before.revision, before.value);
  const object = CachedObject.fromStored(identity, event.revision, event.value);
  const type = event.type === "DELETE" ? "DELETED" : previous === undefined ? "ADDED" : "MODIFIED";
  return { type, revision: event.revision, object, previous, frames: new EventFrames() };
}
