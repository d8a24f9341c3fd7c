import { invalidValue } from "../../machinery/errors/field-error.ts";
import { conflict, invalid, modifiedMessage, notFound, StatusError } from "../../machinery/errors/status-error.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import { deepCopy, deepEqual } from "../../machinery/meta/accessors.ts";
import type { ObjectMeta, UnknownObject } from "../../machinery/meta/object.ts";
import type { AdmissionPlugin } from "../types.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import { trackOwners } from "./apply.ts";
import { completeForStorage } from "./complete.ts";
import { type Creator, identify, placeInNamespace } from "./create.ts";
import { validateMetadataUpdate } from "./metadata-validation.ts";
import type { ObjectWrites } from "./object-writes.ts";
import { removeDuplicateOwners } from "./owner-references.ts";
import { semanticallyEqual } from "./semantic-equality.ts";
import { admit, type WriteRequest } from "./write-request.ts";

/**
 * Gives the new object for the one that is there (undefined where there is none), or undefined to leave it; called
 * again when a race was lost. Must not change its argument; what it returns is used up.
 */
export type Transform = (
  current: UnknownObject | undefined,
) => UnknownObject | undefined | Promise<UnknownObject | undefined>;

export interface UpdateResult {
  readonly object: CachedObject;
  readonly created: boolean;
}

export interface UpdateOptions {
  /** Whether a missing object is created whatever its kind says (apply). */
  readonly forceCreate?: boolean;
  /** How often a lost race on an object without a resourceVersion of the client's is tried again. */
  readonly attempts?: number;
}

const defaultAttempts = 5;
const largeBytes = 64 * 1024;
const isLarge = (object: CachedObject | undefined): boolean => object !== undefined && object.bytes.length > largeBytes;

export class Updater {
  readonly #writes: ObjectWrites;
  readonly #creator: Creator;
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(writes: ObjectWrites, creator: Creator, plugins: readonly AdmissionPlugin[]) {
    this.#writes = writes;
    this.#creator = creator;
    this.#plugins = plugins;
  }

  /**
   * Replaces an object by what `transform` makes of it. A result that changes nothing is not written; one that takes
   * the last finalizer off a deleted object removes it. Rejects with StatusError NotFound, Conflict, Invalid and what
   * admission says.
   */
  async update(write: WriteRequest, transform: Transform, options: UpdateOptions = {}): Promise<UpdateResult> {
    const { resource, namespace, name } = write;
    for (let attempt = options.attempts ?? defaultAttempts; ; attempt--) {
      // The smallest change of a large object decodes, copies, validates and encodes all of it.
      if (isLarge(resource.get(namespace, name))) await write.nextTurn?.();
      const current = resource.get(namespace, name);
      if (current === undefined) return this.#createInstead(write, transform, options);
      const preparing = resource.prepare([current]);
      if (preparing !== undefined) await preparing;
      const old = resource.decode(current);
      const made = transform(old);
      const object = forced(made instanceof Promise ? await made : made);
      if (object === undefined) return { object: current, created: false };
      const unconditional = !object.metadata?.resourceVersion;
      checkPreconditions(write, object, old);
      try {
        return { object: await this.#replace(write, object, { current, old }), created: false };
      } catch (error) {
        const lost =
          error instanceof StatusError && error.reason === "Conflict" && resource.get(namespace, name) !== current;
        if (!lost || attempt <= 1) throw error;
        if (!unconditional && object.metadata?.resourceVersion !== old.metadata?.resourceVersion) throw error;
      }
    }
  }

  async #createInstead(write: WriteRequest, transform: Transform, options: UpdateOptions): Promise<UpdateResult> {
    const { resource, name, subresource } = write;
    const allowed = (resource.kind.createOnUpdate === true && subresource === "") || options.forceCreate === true;
    if (!allowed) throw notFound(resource.name, name);
    const object = forced(await transform(undefined));
    if (object === undefined) throw notFound(resource.name, name);
    if (object.metadata?.resourceVersion) throw conflict(resource.name, name, modifiedMessage);
    return { object: await this.#creator.create(write, object), created: true };
  }

  async #replace(write: WriteRequest, wanted: UnknownObject, { current, old }: Replaced): Promise<CachedObject> {
    const { resource, subresource, now } = write;
    const { kind } = resource;
    const object = keepWhatMayNotChange(kind, wanted, old, subresource);
    const metadata = object.metadata as ObjectMeta;
    placeInNamespace(write, metadata);
    removeDuplicateOwners(metadata, write.warn, false);
    const handled = isHandled(subresource);
    const admitting = handled ? undefined : admit(this.#plugins, "admit", "UPDATE", write, { object, oldObject: old });
    if (admitting !== undefined) await admitting;
    // Admission can change these as well.
    placeInNamespace(write, metadata);
    identify(kind, object);
    removeDuplicateOwners(metadata, write.warn, true);
    keepSystemFields(metadata, old.metadata ?? {});
    metadata.resourceVersion ||= old.metadata?.resourceVersion;
    const context = { now, namespace: write.namespace, ...write.user };
    if (subresource === "status") kind.prepareForStatusUpdate?.(object, old, context);
    else if (!handled) kind.prepareForUpdate?.(object, old, context);
    if (kind.tracksGeneration === true && countsGeneration(subresource) && specChanged(object, old)) {
      metadata.generation = (old.metadata?.generation ?? 0) + 1;
    }
    trackOwners(write, object, old);
    // A Scale says nothing of the bounds that the object itself has.
    if (!handled || subresource === "scale") validateUpdate(write, object, old);
    if (!handled) {
      for (const warning of kind.warnings?.(object) ?? []) write.warn(warning);
      const validating = admit(this.#plugins, "validate", "UPDATE", write, { object, oldObject: old });
      if (validating !== undefined) await validating;
    }
    const complete = completeForStorage(kind, object);
    if (becomesRemovable(kind, complete, old)) {
      await this.#writes.remove(resource, current, write.dryRun);
      return this.#writes.update(resource, complete, current, { dryRun: true });
    }
    if (unchanged(complete, old)) return current;
    return this.#writes.update(resource, complete, current, write);
  }
}

/** Subresources whose handler has checked the change itself (binding, scale, ephemeralcontainers, …; ObjectWriter.modify). */
const isHandled = (subresource: string): boolean => subresource !== "" && subresource !== "status";
const countsGeneration = (subresource: string): boolean => subresource !== "status" && subresource !== "binding";

interface Replaced {
  readonly current: CachedObject;
  readonly old: UnknownObject;
}

/** Version 0 asks for an update whatever the object's version is, as none does. */
function forced(object: UnknownObject | undefined): UnknownObject | undefined {
  if (object?.metadata?.resourceVersion === "0") delete object.metadata.resourceVersion;
  return object;
}

/** The client's uid and resourceVersion must be those of the object, where it gave them. */
function checkPreconditions(
  { resource, name, namespace, options }: WriteRequest,
  object: UnknownObject,
  old: UnknownObject,
): void {
  const { kind } = resource;
  const metadata = object.metadata ?? {};
  // What a patch makes of the uid is validated like any other field that may not change.
  if (options.kind !== "PatchOptions" && metadata.uid && metadata.uid !== old.metadata?.uid) {
    const detail = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata?.uid}`;
    throw conflict(
      resource.name,
      name,
      `StorageError: invalid object, Code: 4, Key: ${resource.key(namespace, name)}, ResourceVersion: 0, AdditionalErrorMsg: ${detail}`,
    );
  }
  if (!metadata.resourceVersion) {
    if (kind.unconditionalUpdate !== false) return;
    const error = invalidValue("metadata.resourceVersion", 0, "must be specified for an update");
    throw invalid({ group: kind.group, kind: kind.plural }, name, [error]);
  }
  if (metadata.resourceVersion !== old.metadata?.resourceVersion) throw conflict(resource.name, name, modifiedMessage);
}

/** The old status in an update of the main resource; in one of the status all but status and what metadata may take. */
function keepWhatMayNotChange(
  kind: KindDefinition,
  wanted: UnknownObject,
  old: UnknownObject,
  subresource: string,
): UnknownObject {
  wanted.metadata ??= {};
  if (subresource === "status") {
    const { metadata, status } = wanted;
    if (old.metadata?.ownerReferences === undefined) delete metadata.ownerReferences;
    else metadata.ownerReferences = deepCopy(old.metadata.ownerReferences);
    const kept = deepCopy({ ...old, metadata: undefined, status: undefined }) as UnknownObject;
    return { ...kept, apiVersion: wanted.apiVersion, kind: wanted.kind, metadata, status };
  }
  if (subresource === "" && kind.subresources.some((one) => one.name === "status")) {
    if (old["status"] === undefined) delete wanted["status"];
    else wanted["status"] = deepCopy(old["status"]);
  }
  return wanted;
}

/** Of metadata, what no update may change. */
function keepSystemFields(metadata: ObjectMeta, old: ObjectMeta): void {
  metadata.uid ||= old.uid;
  setOrDelete(metadata, "generation", old.generation);
  if (old.creationTimestamp) metadata.creationTimestamp = old.creationTimestamp;
  if (old.deletionTimestamp) metadata.deletionTimestamp = old.deletionTimestamp;
  if (metadata.deletionGracePeriodSeconds === undefined) {
    setOrDelete(metadata, "deletionGracePeriodSeconds", old.deletionGracePeriodSeconds);
  }
  delete metadata.selfLink;
}

function setOrDelete<K extends keyof ObjectMeta>(metadata: ObjectMeta, field: K, value: ObjectMeta[K]): void {
  if (value === undefined) delete metadata[field];
  else metadata[field] = value;
}

function specChanged(object: UnknownObject, old: UnknownObject): boolean {
  const rest = ({ metadata: _, status: __, ...others }: UnknownObject): unknown => others;
  return !semanticallyEqual(rest(object), rest(old));
}

function validateUpdate(write: WriteRequest, object: UnknownObject, old: UnknownObject): void {
  const { kind } = write.resource;
  const warn = (message: string): void => write.warn(message);
  const metadata = object.metadata ?? {};
  const errors = validateMetadataUpdate(kind, metadata, old.metadata ?? {});
  if (write.subresource === "status") errors.push(...(kind.validateStatusUpdate?.(object, old, warn) ?? []));
  else {
    errors.push(...(kind.validate?.(object) ?? []));
    errors.push(...(kind.validateUpdate?.(object, old, warn) ?? []));
  }
  if (errors.length > 0) throw invalid(kind, metadata.name ?? "", errors);
}

/** A deleted object goes when its finalizers are gone, unless a grace period is running. */
function becomesRemovable(kind: KindDefinition, object: UnknownObject, old: UnknownObject): boolean {
  if (old.metadata?.deletionTimestamp === undefined || (object.metadata?.finalizers?.length ?? 0) > 0) return false;
  if ((old.metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  return kind.mayRemove?.(object) ?? true;
}

/** Both are complete for storage; resourceVersion is the store's, so it does not count. */
function unchanged(object: UnknownObject, old: UnknownObject): boolean {
  const resourceVersion = old.metadata?.resourceVersion;
  return deepEqual({ ...object, metadata: { ...object.metadata, resourceVersion } }, old);
}
