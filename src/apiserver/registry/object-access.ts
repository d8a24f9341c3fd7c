import type { Clock } from "../../lib/clock.ts";
import { notFound } from "../../machinery/errors/status-error.ts";
import { deepCopy, deepFreeze } from "../../machinery/meta/accessors.ts";
import { parseApiVersion, type UnknownObject } from "../../machinery/meta/object.ts";
import { conform } from "../../machinery/schema/conform.ts";
import type { ObjectChange, ObjectReader, ObjectWriter, UserInfo } from "../types.ts";
import type { Creator } from "./create.ts";
import type { Deleter } from "./delete.ts";
import type { ResourceRegistry, ServedResource } from "./resources.ts";
import type { Updater } from "./update.ts";
import type { WriteRequest } from "./write-request.ts";

/** The API server itself, as a user. */
const serverUser: UserInfo = {
  username: "system:apiserver",
  groups: ["system:masters", "system:authenticated"],
};

/** ObjectReader over the watch cache. Objects are in the preferred version and frozen. */
export class CacheReader implements ObjectReader {
  readonly #resources: ResourceRegistry;

  constructor(resources: ResourceRegistry) {
    this.#resources = resources;
  }

  get<T = UnknownObject>(group: string, plural: string, namespace: string, name: string): T | undefined {
    const resource = this.#resources.preferred(group, plural);
    const cached = resource?.get(namespace, name);
    return cached === undefined ? undefined : (deepFreeze(resource?.decode(cached)) as T);
  }

  list<T = UnknownObject>(group: string, plural: string, namespace = ""): readonly T[] {
    const resource = this.#resources.preferred(group, plural);
    if (resource === undefined) return [];
    return resource.cache.list(resource.prefix(namespace)).map((cached) => deepFreeze(resource.decode(cached)) as T);
  }

  subscribe(group: string, plural: string, callback: (change: ObjectChange) => void): () => void {
    const resource = this.#resources.preferred(group, plural);
    if (resource === undefined) throw new Error(`no resource ${plural} in group ${JSON.stringify(group)}`);
    return resource.cache.subscribe(({ type, object }) =>
      callback({ type, object: deepFreeze(resource.decode(object)) }),
    );
  }
}

export interface WriterParts {
  readonly resources: ResourceRegistry;
  readonly creator: Creator;
  readonly updater: Updater;
  readonly deleter: Deleter;
  readonly clock: Clock;
}

/** ObjectWriter through defaulting, admission and validation, as the API server. */
export class RegistryWriter implements ObjectWriter {
  readonly #parts: WriterParts;

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  async create(group: string, plural: string, object: UnknownObject): Promise<UnknownObject> {
    const resource = this.#resource(group, plural, object.apiVersion);
    const typed = conformed(resource, deepCopy(object));
    const namespace = typed.metadata?.namespace ?? "";
    const write = this.#request(resource, { namespace, name: typed.metadata?.name ?? "" });
    return resource.decode(await this.#parts.creator.create(write, typed));
  }

  async modify(
    target: { group: string; plural: string; namespace: string; name: string; subresource?: string },
    change: (object: UnknownObject) => UnknownObject | undefined,
  ): Promise<UnknownObject> {
    const resource = this.#resource(target.group, target.plural, undefined);
    const write = this.#request(resource, target);
    const { object } = await this.#parts.updater.update(write, (current) => {
      if (current === undefined) throw notFound(resource.name, target.name);
      const wanted = change(deepCopy(current));
      return wanted === undefined ? undefined : conformed(resource, wanted);
    });
    return resource.decode(object);
  }

  async delete(group: string, plural: string, namespace: string, name: string, options = {}): Promise<void> {
    const resource = this.#resource(group, plural, undefined);
    await this.#parts.deleter.delete(this.#request(resource, { namespace, name }), options);
  }

  #resource(group: string, plural: string, apiVersion: string | undefined): ServedResource {
    const { resources } = this.#parts;
    const exact =
      apiVersion === undefined ? undefined : resources.find(group, parseApiVersion(apiVersion).version, plural);
    const resource = exact ?? resources.preferred(group, plural);
    if (resource === undefined) throw notFound({ group, plural }, "");
    return resource;
  }

  #request(
    resource: ServedResource,
    { namespace, name, subresource = "" }: { namespace: string; name: string; subresource?: string },
  ): WriteRequest {
    const now = this.#parts.clock.now();
    const options = {};
    return {
      resource,
      subresource,
      namespace,
      name,
      user: serverUser,
      dryRun: false,
      options,
      now,
      warn: () => undefined,
    };
  }
}

/** With apiVersion, kind, checked fields and defaults. Throws TypeError on objects that are not of their kind. */
function conformed({ kind, apiVersion }: ServedResource, object: UnknownObject): UnknownObject {
  const { object: typed, errors } = conform(object, kind.schemas, kind.schemaName);
  if (errors.length > 0) throw new TypeError(`${kind.kind}: ${errors.join(", ")}`);
  const complete = { ...typed, apiVersion, kind: kind.kind } as UnknownObject;
  kind.applyDefaults?.(complete);
  return complete;
}
