/**
 * An API server in memory for tests of controllers: a Client and Informers on the same objects, without HTTP. It keeps
 * uids, resourceVersions, generations, finalizers and conflicts as the real one does, but neither defaults nor
 * validates. `pause` holds back what informers see, so that a test can act on a stale cache.
 */
import { type Clock, formatTime, systemClock } from "../../lib/clock.ts";
import { alreadyExists, conflict, modifiedMessage, notFound } from "../../machinery/errors/status-error.ts";
import { formatApiVersion, type KubernetesObject, type UnknownObject } from "../../machinery/meta/object.ts";
import { matchAllLabels, parseLabelSelector } from "../../machinery/selectors/label-selector.ts";
import { createObjectCache, type ObjectCache, objectKey } from "../object-cache.ts";
import type { Client, Informer, Informers, ObjectList, ResourceClient, ResourceRef } from "../types.ts";

export interface FakeAction {
  readonly verb: "create" | "update" | "updateStatus" | "patch" | "delete" | "deleteCollection" | string;
  readonly plural: string;
  readonly name: string;
  readonly namespace: string;
  readonly body?: unknown;
}

export interface FakeApi {
  readonly client: Client;
  readonly informers: Informers;
  /** Every write, in order. */
  readonly actions: FakeAction[];
  /** Puts objects in place without an action. */
  seed<T extends KubernetesObject>(resource: ResourceRef<T>, ...objects: T[]): Promise<void>;
  /** The stored object (a copy). */
  get<T extends KubernetesObject>(resource: ResourceRef<T>, name: string, namespace?: string): T | undefined;
  list<T extends KubernetesObject>(resource: ResourceRef<T>): T[];
  /** Holds back events to informers until `resume`. */
  pause(): void;
  resume(): void;
  /** Called before each write; may throw a StatusError. */
  intercept(hook: (action: FakeAction) => void): void;
  /** Answers `client.request`. */
  onRequest(handler: (method: string, path: string, body: unknown) => unknown): void;
}

interface Collection {
  readonly objects: Map<string, UnknownObject>;
  readonly caches: {
    readonly cache: ObjectCache<KubernetesObject>;
    readonly matches: (object: UnknownObject) => boolean;
  }[];
}

export function createFakeApi(clock: Clock = systemClock): FakeApi {
  const collections = new Map<string, Collection>();
  const actions: FakeAction[] = [];
  const informers = new Map<string, ObjectCache<KubernetesObject>>();
  let revision = 0;
  let held: (() => void)[] | undefined;
  let hook: (action: FakeAction) => void = () => undefined;
  let answer: (method: string, path: string, body: unknown) => unknown = (method, path) => {
    throw new Error(`fake API: no answer for ${method} ${path}`);
  };

  function collectionOf(resource: { group: string; plural: string }): Collection {
    const key = `${resource.group}/${resource.plural}`;
    const collection = collections.get(key) ?? { objects: new Map(), caches: [] };
    collections.set(key, collection);
    return collection;
  }
  function emit(collection: Collection, type: "ADDED" | "MODIFIED" | "DELETED", object: UnknownObject): void {
    const snapshot = structuredClone(object);
    const deliver = (): void => {
      for (const { cache, matches } of collection.caches) {
        cache.apply(matches(snapshot) ? type : "DELETED", structuredClone(snapshot));
      }
    };
    if (held === undefined) deliver();
    else held.push(deliver);
  }
  function record(action: FakeAction): void {
    hook(action);
    actions.push(action);
  }

  function resourceClient<T extends KubernetesObject>(resource: ResourceRef<T>): ResourceClient<T> {
    const collection = collectionOf(resource);
    const keyOf = (name: string, namespace?: string): string => (namespace ? `${namespace}/${name}` : name);
    const find = (name: string, namespace?: string): UnknownObject => {
      const found = collection.objects.get(keyOf(name, namespace));
      if (found === undefined) throw notFound(resource, name);
      return found;
    };
    const copy = (object: UnknownObject): T => structuredClone(object) as unknown as T;
    const act = (verb: string, name: string, namespace: string | undefined, body?: unknown): void =>
      record({ verb, plural: resource.plural, name, namespace: namespace ?? "", body });

    function put(stored: UnknownObject, next: UnknownObject): T {
      const sameSpec =
        JSON.stringify({ ...stored, metadata: 0, status: 0 }) === JSON.stringify({ ...next, metadata: 0, status: 0 });
      next.metadata = {
        ...next.metadata,
        uid: stored.metadata?.uid,
        creationTimestamp: stored.metadata?.creationTimestamp,
        deletionTimestamp: stored.metadata?.deletionTimestamp,
        generation: (stored.metadata?.generation ?? 1) + (sameSpec ? 0 : 1),
        resourceVersion: stored.metadata?.resourceVersion,
      };
      if (JSON.stringify(next) === JSON.stringify(stored)) return copy(stored);
      next.metadata.resourceVersion = String(++revision);
      const gone = next.metadata.deletionTimestamp !== undefined && !next.metadata.finalizers?.length;
      if (gone) collection.objects.delete(objectKey(next));
      else collection.objects.set(objectKey(next), next);
      emit(collection, gone ? "DELETED" : "MODIFIED", next);
      return copy(next);
    }
    function write(verb: string, object: T, part: "spec" | "status"): T {
      const { name = "", namespace, resourceVersion } = object.metadata ?? {};
      act(verb, name, namespace, structuredClone(object));
      const stored = find(name, namespace);
      if (resourceVersion !== undefined && resourceVersion !== stored.metadata?.resourceVersion) {
        throw conflict(resource, name, modifiedMessage);
      }
      const next = structuredClone(object) as unknown as UnknownObject;
      if (part === "status") {
        // As for most kinds, a write of the status takes annotations along.
        const metadata = { ...structuredClone(stored.metadata), annotations: next.metadata?.annotations };
        return put(stored, { ...structuredClone(stored), metadata, status: next["status"] });
      }
      if (stored["status"] !== undefined) next["status"] = structuredClone(stored["status"]);
      return put(stored, next);
    }
    function remove(stored: UnknownObject): void {
      const next = structuredClone(stored);
      next.metadata = {
        ...next.metadata,
        deletionTimestamp: formatTime(clock.now()),
        resourceVersion: String(++revision),
      };
      if (next.metadata.finalizers?.length) {
        collection.objects.set(objectKey(next), next);
        emit(collection, "MODIFIED", next);
      } else {
        collection.objects.delete(objectKey(next));
        emit(collection, "DELETED", next);
      }
    }
    return {
      get: async (name, namespace) => copy(find(name, namespace)),
      async list(options = {}): Promise<ObjectList<T>> {
        const selector = options.labelSelector ? parseLabelSelector(options.labelSelector) : matchAllLabels;
        const items = [...collection.objects.values()]
          .filter((object) => !options.namespace || object.metadata?.namespace === options.namespace)
          .filter((object) => selector.matches(object.metadata?.labels ?? {}))
          .map(copy);
        return { items, metadata: { resourceVersion: String(revision) } };
      },
      async create(object) {
        const next = structuredClone(object) as unknown as UnknownObject;
        next.apiVersion = formatApiVersion(resource);
        next.kind = resource.kind;
        const name =
          next.metadata?.name ?? `${next.metadata?.generateName}${(++revision).toString(36).padStart(5, "0")}`;
        act("create", name, next.metadata?.namespace, structuredClone(next));
        if (collection.objects.has(keyOf(name, next.metadata?.namespace))) throw alreadyExists(resource, name);
        next.metadata = {
          creationTimestamp: formatTime(clock.now()),
          ...next.metadata,
          name,
          uid: next.metadata?.uid ?? `uid-${++revision}`,
          generation: 1,
          resourceVersion: String(++revision),
        };
        collection.objects.set(objectKey(next), next);
        emit(collection, "ADDED", next);
        return copy(next);
      },
      update: async (object) => write("update", object, "spec"),
      updateStatus: async (object) => write("updateStatus", object, "status"),
      async patch(name, patch, options) {
        act("patch", name, options.namespace, patch);
        const stored = find(name, options.namespace);
        const expected = (patch as KubernetesObject).metadata;
        if (expected?.uid !== undefined && expected.uid !== stored.metadata?.uid) throw conflict(resource, name, "uid");
        return put(stored, mergePatch(stored, patch) as UnknownObject);
      },
      async delete(name, options = {}) {
        act("delete", name, options.namespace, options);
        const stored = find(name, options.namespace);
        const { uid } = options.preconditions ?? {};
        if (uid !== undefined && uid !== stored.metadata?.uid) throw conflict(resource, name, "uid");
        remove(stored);
      },
      async deleteCollection(options) {
        act("deleteCollection", "", options.namespace, options);
        for (const object of [...collection.objects.values()]) {
          if (!options.namespace || object.metadata?.namespace === options.namespace) remove(object);
        }
      },
      async createSubresource<R>(name: string, subresource: string, body: unknown, namespace?: string): Promise<R> {
        act(subresource, name, namespace, body);
        const stored = find(name, namespace);
        if (subresource === "binding") {
          const target = (body as { target: { name: string } }).target.name;
          put(stored, mergePatch(stored, { spec: { nodeName: target } }) as UnknownObject);
        }
        if (subresource === "eviction") remove(stored);
        return undefined as R;
      },
    };
  }

  const client: Client = {
    of: resourceClient,
    request: async <R>(method: string, path: string, body?: unknown) => answer(method, path, body) as R,
    watch: () => Promise.reject(new Error("fake API: watch through informers")),
    close: () => undefined,
  };
  return {
    client,
    actions,
    informers: {
      of<T extends KubernetesObject>(resource: ResourceRef<T>, options = {}): Informer<T> {
        const identity = JSON.stringify([resource.group, resource.plural, options]);
        const existing = informers.get(identity);
        if (existing !== undefined) return existing as unknown as Informer<T>;
        const collection = collectionOf(resource);
        const { namespace, labelSelector } = options as { namespace?: string; labelSelector?: string };
        const selector = labelSelector ? parseLabelSelector(labelSelector) : matchAllLabels;
        const matches = (object: UnknownObject): boolean =>
          (!namespace || object.metadata?.namespace === namespace) && selector.matches(object.metadata?.labels ?? {});
        const cache = createObjectCache<KubernetesObject>();
        cache.replace(structuredClone([...collection.objects.values()].filter(matches)));
        collection.caches.push({ cache, matches });
        informers.set(identity, cache);
        return cache as unknown as Informer<T>;
      },
    },
    async seed(resource, ...objects) {
      const length = actions.length;
      for (const object of objects) await resourceClient(resource).create(object);
      actions.length = length;
    },
    get<T extends KubernetesObject>(resource: ResourceRef<T>, name: string, namespace?: string): T | undefined {
      const stored = collectionOf(resource).objects.get(namespace ? `${namespace}/${name}` : name);
      return stored === undefined ? undefined : (structuredClone(stored) as unknown as T);
    },
    list: <T extends KubernetesObject>(resource: ResourceRef<T>): T[] =>
      structuredClone([...collectionOf(resource).objects.values()]) as unknown as T[],
    pause() {
      held ??= [];
    },
    resume() {
      const deliveries = held ?? [];
      held = undefined;
      for (const deliver of deliveries) deliver();
    },
    intercept(next) {
      hook = next;
    },
    onRequest(handler) {
      answer = handler;
    },
  };
}

/** A strategic merge patch's directive: remove these values from the list of this name. */
const primitiveListDeletion = "$deleteFromPrimitiveList/";

/** RFC 7396. Strategic and apply patches are treated alike, which is right for objects and scalars only. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return structuredClone(patch);
  const base = typeof target === "object" && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...structuredClone(base) };
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith(primitiveListDeletion)) {
      const list = key.slice(primitiveListDeletion.length);
      result[list] = ((result[list] as unknown[]) ?? []).filter((item) => !(value as unknown[]).includes(item));
      continue;
    }
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = mergePatch(result[key], value);
  }
  return result;
}
