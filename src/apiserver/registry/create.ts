import { formatTime } from "../../lib/clock.ts";
import { badRequest, invalid, StatusError } from "../../machinery/errors/status-error.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import { deepCopy, generateName, generateUid } from "../../machinery/meta/accessors.ts";
import { formatApiVersion, type ObjectMeta, type UnknownObject } from "../../machinery/meta/object.ts";
import type { AdmissionPlugin } from "../types.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import { completeForStorage } from "./complete.ts";
import { validateMetadata } from "./metadata-validation.ts";
import type { ObjectWrites } from "./object-writes.ts";
import { removeDuplicateOwners } from "./owner-references.ts";
import { admit, type WriteRequest } from "./write-request.ts";

/** Upstream's number of tries before a generated name that is taken becomes an error. */
const nameGenerationAttempts = 8;

export class Creator {
  readonly #writes: ObjectWrites;
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(writes: ObjectWrites, plugins: readonly AdmissionPlugin[]) {
    this.#writes = writes;
    this.#plugins = plugins;
  }

  /**
   * Admits, prepares, validates and stores a decoded and defaulted object, which is used up. Rejects with StatusError:
   * AlreadyExists, Invalid, BadRequest on a namespace that is not the request's, and what admission says.
   */
  async create(write: WriteRequest, object: UnknownObject): Promise<CachedObject> {
    const managedFields = write.applied === true ? object.metadata?.managedFields : undefined;
    const metadata = wipeSystemFields(object);
    if (managedFields !== undefined) metadata.managedFields = managedFields;
    placeInNamespace(write, metadata);
    removeDuplicateOwners(metadata, write.warn, false);
    const admitting = admit(this.#plugins, "admit", "CREATE", write, { object, oldObject: undefined });
    if (admitting !== undefined) await admitting;
    // Admission can change these as well.
    placeInNamespace(write, metadata);
    identify(write.resource.kind, object);
    removeDuplicateOwners(object.metadata ?? metadata, write.warn, true);
    if (!metadata.generateName || metadata.name) return this.#createOnce(write, object);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#createOnce(write, attempt < nameGenerationAttempts ? deepCopy(object) : object);
      } catch (error) {
        if (!(error instanceof StatusError) || error.reason !== "AlreadyExists") throw error;
        if (attempt === nameGenerationAttempts) throw generatedNameTaken(write, error);
      }
    }
  }

  async #createOnce(write: WriteRequest, object: UnknownObject): Promise<CachedObject> {
    const { resource, now } = write;
    const { kind } = resource;
    const metadata = object.metadata ?? {};
    metadata.uid = generateUid();
    metadata.creationTimestamp = formatTime(now);
    if (!metadata.name && metadata.generateName) metadata.name = generateName(metadata.generateName);
    if (kind.tracksGeneration === true) metadata.generation = 1;
    kind.prepareForCreate?.(object, { now, namespace: write.namespace, ...write.user });
    const name = metadata.name ?? "";
    const errors = [
      ...(kind.validate?.(object) ?? []),
      ...(kind.validateCreate?.(object) ?? []),
      ...validateMetadata(kind, metadata),
    ];
    if (errors.length > 0) throw invalid(kind, name, errors);
    for (const warning of kind.warnings?.(object) ?? []) write.warn(warning);
    const validating = admit(this.#plugins, "validate", "CREATE", write, { object, oldObject: undefined });
    if (validating !== undefined) await validating;
    if (metadata.resourceVersion && metadata.resourceVersion !== "0") throw resourceVersionSet();
    delete metadata.resourceVersion;
    try {
      return await this.#writes.create(resource, completeForStorage(kind, object), write);
    } catch (error) {
      throw sayIfBeingDeleted(error, resource.get(metadata.namespace ?? "", name));
    }
  }
}

/** As upstream's store says it, after everybody else had his say; with 500 there, though it is the client's mistake. */
const resourceVersionSet = (): StatusError =>
  new StatusError({ code: 400, message: "resourceVersion should not be set on objects to be created" });

/** What only the server sets is taken out of what a client sent. Returns the metadata, made where there was none. */
function wipeSystemFields(object: UnknownObject): ObjectMeta {
  object.metadata ??= {};
  const { metadata } = object;
  for (const field of systemFields) if (metadata[field] !== undefined) delete metadata[field];
  return metadata;
}

const systemFields = [
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "generation",
  "managedFields",
] as const;

/** EnsureObjectNamespaceMatchesRequestNamespace. Throws StatusError BadRequest. */
export function placeInNamespace({ resource, namespace }: WriteRequest, metadata: ObjectMeta): void {
  const expected = resource.kind.namespaced ? namespace : "";
  if (metadata.namespace && metadata.namespace !== expected) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  if (expected === "") delete metadata.namespace;
  else metadata.namespace = expected;
}

/** What is stored with a resource is of its kind, whatever came by. */
export function identify(kind: KindDefinition, object: UnknownObject): void {
  object.apiVersion = formatApiVersion(kind);
  object.kind = kind.kind;
}

function generatedNameTaken({ resource }: WriteRequest, cause: StatusError): StatusError {
  const name = cause.status.details?.name ?? "";
  const { group, plural } = resource.name;
  const qualified = group === "" ? plural : `${plural}.${group}`;
  return new StatusError(
    {
      ...cause.status,
      message: `${qualified} "${name}" already exists, the server was not able to generate a unique name for the object`,
      details: { ...cause.status.details, retryAfterSeconds: 1 },
    },
    { cause },
  );
}

function sayIfBeingDeleted(error: unknown, existing: CachedObject | undefined): unknown {
  if (!(error instanceof StatusError) || error.reason !== "AlreadyExists") return error;
  if (existing?.object.metadata?.deletionTimestamp === undefined) return error;
  return new StatusError({ ...error.status, message: `object is being deleted: ${error.message}` }, { cause: error });
}
