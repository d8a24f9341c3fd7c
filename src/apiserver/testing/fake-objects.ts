/** An ObjectReader and ObjectWriter in memory, for tests of what is built on those two. */
import { alreadyExists, notFound } from "../../machinery/errors/status-error.ts";
import { deepCopy } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { ObjectChange, ObjectReader, ObjectWriter } from "../types.ts";

export class FakeObjects implements ObjectReader, ObjectWriter {
  readonly #objects = new Map<string, Map<string, UnknownObject>>();
  readonly #subscribers = new Map<string, Set<(change: ObjectChange) => void>>();

  /** Puts an object there and tells subscribers. */
  put(group: string, plural: string, object: object): void {
    const next = object as UnknownObject;
    const all = this.#kind(group, plural);
    const key = keyOf(next.metadata?.namespace ?? "", next.metadata?.name ?? "");
    const type = all.has(key) ? "MODIFIED" : "ADDED";
    all.set(key, next);
    this.#tell(group, plural, { type, object: next });
  }

  remove(group: string, plural: string, namespace: string, name: string): void {
    const all = this.#kind(group, plural);
    const object = all.get(keyOf(namespace, name));
    if (object === undefined) throw notFound({ group, plural }, name);
    all.delete(keyOf(namespace, name));
    this.#tell(group, plural, { type: "DELETED", object });
  }

  get<T = UnknownObject>(group: string, plural: string, namespace: string, name: string): T | undefined {
    return this.#kind(group, plural).get(keyOf(namespace, name)) as T | undefined;
  }

  list<T = UnknownObject>(group: string, plural: string, namespace = ""): readonly T[] {
    const all = [...this.#kind(group, plural).values()];
    return (namespace === "" ? all : all.filter(({ metadata }) => metadata?.namespace === namespace)) as T[];
  }

  subscribe(group: string, plural: string, callback: (change: ObjectChange) => void): () => void {
    const subscribers = this.#subscribers.get(`${group}/${plural}`) ?? new Set();
    subscribers.add(callback);
    this.#subscribers.set(`${group}/${plural}`, subscribers);
    return () => subscribers.delete(callback);
  }

  async create(group: string, plural: string, object: UnknownObject): Promise<UnknownObject> {
    const { namespace = "", name = "" } = object.metadata ?? {};
    if (this.get(group, plural, namespace, name)) throw alreadyExists({ group, plural }, name);
    this.put(group, plural, object);
    return object;
  }

  async modify(
    target: { group: string; plural: string; namespace: string; name: string },
    change: (object: UnknownObject) => UnknownObject | undefined,
  ): Promise<UnknownObject> {
    const { group, plural, namespace, name } = target;
    const stored = this.get(group, plural, namespace, name);
    if (stored === undefined) throw notFound({ group, plural }, name);
    const next = change(deepCopy(stored));
    if (next === undefined) return stored;
    this.put(group, plural, next);
    return next;
  }

  async delete(group: string, plural: string, namespace: string, name: string): Promise<void> {
    this.remove(group, plural, namespace, name);
  }

  #kind(group: string, plural: string): Map<string, UnknownObject> {
    const all = this.#objects.get(`${group}/${plural}`) ?? new Map<string, UnknownObject>();
    this.#objects.set(`${group}/${plural}`, all);
    return all;
  }

  #tell(group: string, plural: string, change: ObjectChange): void {
    for (const callback of this.#subscribers.get(`${group}/${plural}`) ?? []) callback(change);
  }
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;
