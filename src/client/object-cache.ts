import { createLogger } from "../lib/log.ts";
import { deepFreeze } from "../machinery/meta/accessors.ts";
import type { KubernetesObject } from "../machinery/meta/object.ts";
import type { ReflectorStore } from "./reflector.ts";
import type { Informer, InformerHandlers, Lister } from "./types.ts";

const log = createLogger("informer");

/** `namespace/name`, or `name` for cluster-scoped objects: the key of caches and work queues. */
export function objectKey(object: KubernetesObject): string {
  const { namespace, name = "" } = object.metadata ?? {};
  return namespace ? `${namespace}/${name}` : name;
}

/** The inverse of objectKey; namespace is empty for cluster-scoped objects. */
export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf("/");
  return slash < 0 ? { namespace: "", name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

interface Index<T> {
  readonly keysOf: (object: T) => readonly string[];
  readonly values: Map<string, Map<string, T>>;
}

export interface ObjectCache<T extends KubernetesObject> extends Informer<T>, ReflectorStore {}

const namespaceIndex = "namespace";

/**
 * The objects of one collection with indices and handlers: an informer without its source. Handlers run synchronously
 * in the order of events; one that throws is logged and does not stop the others.
 */
export function createObjectCache<T extends KubernetesObject>(): ObjectCache<T> {
  const objects = new Map<string, T>();
  const indices = new Map<string, Index<T>>();
  const subscribers = new Set<InformerHandlers<T>>();
  const { promise: syncedPromise, resolve: setSynced } = Promise.withResolvers<void>();

  function store(key: string, object: T, old: T | undefined): void {
    objects.set(key, object);
    for (const index of indices.values()) {
      if (old !== undefined) removeFromIndex(index, key, old);
      addToIndex(index, key, object);
    }
  }
  function remove(key: string, old: T): void {
    objects.delete(key);
    for (const index of indices.values()) removeFromIndex(index, key, old);
  }
  function notify(call: (handlers: InformerHandlers<T>) => void): void {
    for (const handlers of subscribers) {
      try {
        call(handlers);
      } catch (error) {
        log.error("handler failed", { error });
      }
    }
  }
  function upsert(key: string, object: T): void {
    const old = objects.get(key);
    if (old !== undefined && old.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    const frozen = freeze(object);
    // The same name with another uid is another object: handlers must see the first one go.
    if (old !== undefined && old.metadata?.uid !== frozen.metadata?.uid) {
      remove(key, old);
      notify((handlers) => handlers.deleted?.(old));
      store(key, frozen, undefined);
      notify((handlers) => handlers.added?.(frozen));
      return;
    }
    store(key, frozen, old);
    notify((handlers) => (old === undefined ? handlers.added?.(frozen) : handlers.updated?.(frozen, old)));
  }
  function drop(key: string, last: T | undefined): void {
    const old = objects.get(key);
    if (old === undefined) return;
    remove(key, old);
    const final = last === undefined ? old : freeze(last);
    notify((handlers) => handlers.deleted?.(final));
  }

  const lister: Lister<T> = {
    get: (name, namespace) => objects.get(namespace ? `${namespace}/${name}` : name),
    list: (namespace) => (namespace ? lister.byIndex(namespaceIndex, namespace) : [...objects.values()]),
    byIndex(name, value) {
      const index = indices.get(name);
      if (index === undefined) throw new Error(`informer has no index "${name}"`);
      return [...(index.values.get(value)?.values() ?? [])];
    },
  };
  const cache: ObjectCache<T> = {
    lister,
    subscribe(handlers) {
      for (const object of objects.values()) handlers.added?.(object);
      subscribers.add(handlers);
      return () => subscribers.delete(handlers);
    },
    addIndex(name, keysOf) {
      if (indices.has(name)) return;
      const index: Index<T> = { keysOf, values: new Map() };
      indices.set(name, index);
      for (const [key, object] of objects) addToIndex(index, key, object);
    },
    synced: () => syncedPromise,
    replace(list) {
      const seen = new Set<string>();
      for (const object of list as T[]) {
        const key = objectKey(object);
        seen.add(key);
        upsert(key, object);
      }
      for (const key of [...objects.keys()]) if (!seen.has(key)) drop(key, undefined);
      setSynced();
    },
    apply(type, object) {
      const key = objectKey(object);
      if (type === "DELETED") drop(key, object as T);
      else upsert(key, object as T);
    },
  };
  cache.addIndex(namespaceIndex, (object) => (object.metadata?.namespace ? [object.metadata.namespace] : []));
  return cache;
}

function addToIndex<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.keysOf(object)) {
    const members = index.values.get(value);
    if (members === undefined) index.values.set(value, new Map([[key, object]]));
    else members.set(key, object);
  }
}

function removeFromIndex<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.keysOf(object)) {
    const members = index.values.get(value);
    members?.delete(key);
    if (members?.size === 0) index.values.delete(value);
  }
}

/** Freezes an object of this cache in depth, leaving out managedFields, which nobody here reads and which are large. */
function freeze<T extends KubernetesObject>(object: T): T {
  if (Object.isFrozen(object)) return object;
  if (object.metadata?.managedFields !== undefined) delete object.metadata.managedFields;
  return deepFreeze(object);
}
