import type { ResourceName } from "../../machinery/errors/status-error.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import { formatApiVersion, type UnknownObject } from "../../machinery/meta/object.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import type { ResourceCache } from "../watch/resource-cache.ts";
import type { WatchCache } from "../watch/watch-cache.ts";
import { WatchGroup } from "../watch/watch-group.ts";

/** A resource in one version, and where its objects are: versions and groups that share storage share `cache`. */
export class ServedResource {
  readonly kind: KindDefinition;
  readonly cache: ResourceCache;
  /** For errors: plural and group. */
  readonly name: ResourceName;
  readonly apiVersion: string;
  /** Whether objects go through kind.storage on their way in and out. */
  readonly converts: boolean;
  readonly subresources: ReadonlySet<string>;
  /** Its watches, which end when it is taken away or served in another form. */
  readonly watches: WatchGroup;
  /** What a conversion webhook made of objects. */
  readonly #prepared = new WeakMap<CachedObject, UnknownObject>();

  constructor(kind: KindDefinition, cache: ResourceCache, watches = new WatchGroup()) {
    this.kind = kind;
    this.cache = cache;
    this.watches = watches;
    this.name = { group: kind.group, plural: kind.plural };
    this.apiVersion = formatApiVersion(kind);
    this.converts =
      kind.storage !== undefined &&
      (kind.storage.always === true || kind.storage.group !== kind.group || kind.storage.version !== kind.version);
    this.subresources = new Set(kind.subresources.map((one) => one.name));
  }

  /** The namespace of objects under a path; paths of a namespace itself carry its name as their namespace too. */
  namespaceIn(path: { readonly namespace: string }): string {
    return this.kind.namespaced ? path.namespace : "";
  }

  /** Prefix of the keys of all objects, or of those in one namespace. */
  prefix(namespace: string): string {
    return this.kind.namespaced && namespace !== "" ? `${this.cache.prefix}${namespace}/` : this.cache.prefix;
  }

  key(namespace: string, name: string): string {
    return this.prefix(namespace) + name;
  }

  get(namespace: string, name: string): CachedObject | undefined {
    return this.cache.get(this.key(namespace, name));
  }

  /** The object in this version. Shared where no conversion is needed: never change it. */
  decode(cached: CachedObject): UnknownObject {
    const prepared = this.#prepared.get(cached);
    if (prepared !== undefined) return prepared;
    const stored = cached.object;
    return this.converts && this.kind.storage ? this.kind.storage.fromStorage(stored) : stored;
  }

  /**
   * Lets a conversion webhook convert what `decode` is going to be asked for; undefined where there is none. What was
   * not prepared is decoded in its stored version. Rejects with StatusError.
   */
  prepare(objects: readonly CachedObject[]): Promise<void> | undefined {
    return this.kind.storage?.convert === undefined ? undefined : this.#prepare(objects);
  }

  async #prepare(objects: readonly CachedObject[]): Promise<void> {
    const { apiVersion, kind } = this;
    const missing = objects.filter((one) => !this.#prepared.has(one) && one.object.apiVersion !== apiVersion);
    const byVersion = Map.groupBy(missing, (one) => one.object.apiVersion);
    for (const members of byVersion.values()) {
      const converted =
        (await kind.storage?.convert?.(
          members.map((one) => one.object),
          apiVersion,
        )) ?? [];
      for (const [index, object] of converted.entries()) this.#prepared.set(members[index] as CachedObject, object);
    }
  }

  /** The object in its stored version, where that takes a webhook; undefined otherwise. */
  convertForStorage(object: UnknownObject): Promise<UnknownObject> | undefined {
    const { storage, group } = this.kind;
    if (storage?.convert === undefined) return undefined;
    const stored = formatApiVersion({ group, version: storage.version });
    if (object.apiVersion === stored) return undefined;
    return storage.convert([object], stored).then(([converted]) => converted as UnknownObject);
  }

  toStorage(object: UnknownObject): UnknownObject {
    return this.converts && this.kind.storage ? this.kind.storage.toStorage(object) : object;
  }
}

const keyOf = (group: string, version: string, plural: string): string => `${group}/${version}/${plural}`;

/** The resources that are served now. Custom resources come and go; `generation` counts that, for discovery. */
export class ResourceRegistry {
  readonly #cache: WatchCache;
  readonly #resources = new Map<string, ServedResource>();
  readonly #preferred = new Map<string, ServedResource>();
  #generation = 0;

  constructor(cache: WatchCache, kinds: readonly KindDefinition[]) {
    this.#cache = cache;
    for (const kind of kinds) this.add(kind);
  }

  get generation(): number {
    return this.#generation;
  }

  /** Serves a kind. Watches of what was served in its place end, unless its objects look as they did (`keepWatches`). */
  add(kind: KindDefinition, { keepWatches = false } = {}): void {
    const { storage } = kind;
    const shared = storage === undefined ? undefined : this.#storagePlural(kind);
    const cache = this.#cache.resource(shared ?? kind);
    const key = keyOf(kind.group, kind.version, kind.plural);
    const before = this.#resources.get(key);
    const resource = new ServedResource(kind, cache, keepWatches ? before?.watches : undefined);
    if (!resource.converts) cache.kind = kind;
    this.#resources.set(key, resource);
    this.#prefer(kind.group, kind.plural);
    if (!keepWatches) before?.watches.end();
  }

  /** Serves a kind no longer; its watches end. */
  remove(kind: Pick<KindDefinition, "group" | "version" | "plural">): void {
    const key = keyOf(kind.group, kind.version, kind.plural);
    const before = this.#resources.get(key);
    this.#resources.delete(key);
    this.#prefer(kind.group, kind.plural);
    before?.watches.end();
  }

  find(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#resources.get(keyOf(group, version, plural));
  }

  /** The resource in its preferred version. */
  preferred(group: string, plural: string): ServedResource | undefined {
    return this.#preferred.get(`${group}/${plural}`);
  }

  all(): Iterable<ServedResource> {
    return this.#resources.values();
  }

  #prefer(group: string, plural: string): void {
    this.#generation++;
    const versions = [...this.#resources.values()].filter(
      (one) => one.kind.group === group && one.kind.plural === plural,
    );
    versions.sort((a, b) => compareVersions(a.kind.version, b.kind.version));
    const [best] = versions;
    if (best === undefined) this.#preferred.delete(`${group}/${plural}`);
    else this.#preferred.set(`${group}/${plural}`, best);
  }

  /** Shared storage names a kind; the plural is the same in all groups that share one (events, autoscalers). */
  #storagePlural({ storage, plural }: KindDefinition): { group: string; plural: string } {
    return { group: storage?.group ?? "", plural };
  }
}

/** Order of preference, best first: v2, v1, v1beta1, v1alpha1, then what is no Kubernetes version, by name. */
export function compareVersions(a: string, b: string): number {
  const left = rank(a);
  const right = rank(b);
  for (let index = 0; index < left.length; index++) {
    const difference = (right[index] as number) - (left[index] as number);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function rank(version: string): readonly number[] {
  const match = /^v([1-9]\d*)(?:(alpha|beta)([1-9]\d*))?$/.exec(version);
  if (match === null) return [0, 0, 0];
  const stability = match[2] === undefined ? 3 : match[2] === "beta" ? 2 : 1;
  return [stability, Number(match[1]), Number(match[3] ?? 0)];
}
