import {
  alreadyExists,
  conflict,
  internalError,
  modifiedMessage,
  notFound,
  type StatusError,
} from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { isStoreError } from "../../store/errors.ts";
import { CachedObject } from "../watch/cached-object.ts";
import { identify, type WatchCache } from "../watch/watch-cache.ts";
import type { ServedResource } from "./resources.ts";
import { encodeWithinLimit } from "./stored-size.ts";

export interface WriteMode {
  readonly dryRun: boolean;
  /** Whether the field owners are what the client asked for (apply), and so not to be left out where there is no room. */
  readonly applied?: boolean;
}

/**
 * The last step of every write: the object in its stored version becomes bytes, goes to the store, and is in the cache
 * when the promise resolves. With `dryRun` it only becomes bytes. Objects that are passed in belong to the cache
 * afterwards. Rejects with StatusError: Conflict only for a lost race on the revision, RequestEntityTooLarge for what is
 * too large to be stored, whichever way it became so.
 */
export class ObjectWrites {
  readonly #cache: WatchCache;

  constructor(cache: WatchCache) {
    this.#cache = cache;
  }

  async create(resource: ServedResource, object: UnknownObject, mode: WriteMode): Promise<CachedObject> {
    const converting = resource.convertForStorage(object);
    const { key, name, stored, value } = encode(resource, converting === undefined ? object : await converting, mode);
    if (mode.dryRun) {
      if (resource.cache.get(key) !== undefined) throw alreadyExists(resource.name, name);
      return CachedObject.fromStored(identify(key, 0), 0, value);
    }
    this.#cache.willWrite(value, stored);
    const revision = await this.#translate(resource, name, this.#cache.store.create(key, value));
    return this.#written(resource, key, revision, value);
  }

  async update(
    resource: ServedResource,
    object: UnknownObject,
    expected: CachedObject,
    mode: WriteMode,
  ): Promise<CachedObject> {
    const converting = resource.convertForStorage(object);
    const { key, name, stored, value } = encode(resource, converting === undefined ? object : await converting, mode);
    if (mode.dryRun) return CachedObject.fromStored(expected.identity, expected.revision, value);
    this.#cache.willWrite(value, stored);
    const revision = await this.#translate(resource, name, this.#cache.store.update(key, value, expected.revision));
    return this.#written(resource, key, revision, value);
  }

  /** Resolves with the last state under the revision of the removal. */
  async remove(resource: ServedResource, expected: CachedObject, dryRun: boolean): Promise<CachedObject> {
    if (dryRun) return expected;
    const removal = this.#cache.store.delete(expected.key, expected.revision);
    const revision = await this.#translate(resource, expected.name, removal);
    await this.#cache.reached(revision, writeVisibleMs);
    return expected.at(revision);
  }

  async #written(resource: ServedResource, key: string, revision: number, value: Buffer): Promise<CachedObject> {
    const seen = this.#cache.reached(revision, writeVisibleMs);
    if (seen !== true) await seen;
    const cached = resource.cache.get(key);
    // A later write may have passed already.
    return cached?.revision === revision ? cached : CachedObject.fromStored(identify(key, 0), revision, value);
  }

  async #translate(resource: ServedResource, name: string, write: Promise<number>): Promise<number> {
    try {
      return await write;
    } catch (error) {
      throw translateStoreError(error, resource, name);
    }
  }
}

/** How long a write waits for the cache to follow, with stores that are not in this process. */
const writeVisibleMs = 10_000;

function encode(resource: ServedResource, object: UnknownObject, { applied = false }: WriteMode) {
  const stored = resource.toStorage(object);
  const { namespace = "", name = "" } = stored.metadata ?? {};
  return { key: resource.key(namespace, name), name, stored, value: encodeWithinLimit(resource, stored, applied) };
}

function translateStoreError(error: unknown, { name: resource }: ServedResource, name: string): StatusError {
  if (isStoreError(error, "STORE_KEY_EXISTS")) return alreadyExists(resource, name);
  if (isStoreError(error, "STORE_KEY_NOT_FOUND")) return notFound(resource, name);
  if (isStoreError(error, "STORE_REVISION_MISMATCH")) return conflict(resource, name, modifiedMessage);
  return internalError(error);
}
