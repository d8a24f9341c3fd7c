import type { Clock } from "../../lib/clock.ts";
import { badRequest, methodNotAllowed, notFound, StatusError } from "../../machinery/errors/status-error.ts";
import { deepCopy } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { readBody, takeTurn } from "../http/body.ts";
import type { RequestContext } from "../http/request-context.ts";
import { sendStatus } from "../http/respond.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import type { WatchCache } from "../watch/watch-cache.ts";
import { applyDocument, checkPatchOptions, isApply, managerOf, parseApplyDocument } from "./apply.ts";
import type { Creator } from "./create.ts";
import { type DecodeOptions, decodeBody } from "./decode-body.ts";
import { answersWithObject, type DeleteOptions, type DeleteResult, type Deleter, deletedStatus } from "./delete.ts";
import { decodeDeleteOptions } from "./delete-options.ts";
import { encodingFor } from "./encoding.ts";
import { listObjects } from "./list.ts";
import { applyPatch, parsePatch } from "./patch.ts";
import { listOptions, type WriteOptions, writeOptions } from "./request-options.ts";
import type { ServedResource } from "./resources.ts";
import { sendCached, sendList } from "./send-object.ts";
import type { Updater } from "./update.ts";
import type { WriteRequest } from "./write-request.ts";

export interface WriteHandlerParts {
  readonly cache: WatchCache;
  readonly creator: Creator;
  readonly updater: Updater;
  readonly deleter: Deleter;
  readonly clock: Clock;
  /** Rejects with StatusError Forbidden where the user may not create what a PATCH or PUT of a missing object would. */
  authorizeCreate(context: RequestContext): Promise<void> | void;
}

/** Deletions of one collection that are under way at a time: they share the store's commits. */
const deletionsAtOnce = 100;

/** The verbs that write: decode the body, call the registry, answer with the object. */
export class WriteHandler {
  readonly #parts: WriteHandlerParts;

  constructor(parts: WriteHandlerParts) {
    this.#parts = parts;
  }

  async create(context: RequestContext, resource: ServedResource): Promise<void> {
    const options = writeOptions(context.query, "CreateOptions");
    const object = await decodeObject(context, resource, options);
    const write = this.#request(context, resource, options);
    await sendCached(context, 201, await this.#parts.creator.create(write, object), resource);
  }

  async update(context: RequestContext, resource: ServedResource): Promise<void> {
    const options = writeOptions(context.query, "UpdateOptions");
    const object = await decodeObject(context, resource, options);
    checkName(context, object);
    const write = this.#request(context, resource, options);
    if (resource.kind.createOnUpdate === true && resource.get(write.namespace, write.name) === undefined) {
      await this.#parts.authorizeCreate(context);
    }
    const result = await this.#parts.updater.update(write, () => deepCopy(object));
    await sendCached(context, result.created ? 201 : 200, result.object, resource);
  }

  async patch(context: RequestContext, resource: ServedResource): Promise<void> {
    const options = writeOptions(context.query, "PatchOptions");
    const decode = decodeOptions(context, options);
    const apply = isApply(context.request);
    checkPatchOptions(options, apply);
    if (apply) return this.#apply(context, resource, options);
    const patch = parsePatch(await readBody(context), decode);
    context.audit?.requestPatch(patch.value);
    const { kind, name } = resource;
    const write = this.#request(context, resource, options);
    const finish = (object: UnknownObject): UnknownObject => {
      checkName(context, object);
      kind.applyDefaults?.(object);
      return object;
    };
    const nextTurn = (): Promise<void> => takeTurn(context);
    const result = await this.#parts.updater.update(write, (current) => {
      if (current === undefined) throw notFound(name, context.info.name);
      const object = applyPatch(patch, current, kind, { ...decode, nextTurn });
      return object instanceof Promise ? object.then(finish) : finish(object);
    });
    await sendCached(context, 200, result.object, resource);
  }

  async #apply(context: RequestContext, resource: ServedResource, options: WriteOptions): Promise<void> {
    const document = await parseApplyDocument(await readBody(context));
    context.audit?.requestPatch(document.configuration);
    const write: WriteRequest = { ...this.#request(context, resource, options), applied: true };
    const apply = { ...decodeOptions(context, options), force: options.force === true };
    const transform = (current: UnknownObject | undefined): UnknownObject | undefined => {
      const object = applyDocument(current, document, write, apply);
      // A configuration of an object that is there may leave its name to the path.
      if (object !== undefined) checkName(context, object);
      return object;
    };
    const main = context.info.subresource === "";
    if (main && resource.get(write.namespace, write.name) === undefined) await this.#parts.authorizeCreate(context);
    const result = await this.#parts.updater.update(write, transform, { forceCreate: main });
    await sendCached(context, result.created ? 201 : 200, result.object, resource);
  }

  async delete(context: RequestContext, resource: ServedResource): Promise<void> {
    const options = await decodeDeleteOptions(context);
    const write = this.#deleteRequest(context, resource, options);
    const result = await this.#parts.deleter.delete(write, options);
    const code = !result.removed && options.orphanDependents === false ? 202 : 200;
    await sendDeleted(context, resource, code, result);
  }

  async deleteCollection(context: RequestContext, resource: ServedResource): Promise<void> {
    const options = await decodeDeleteOptions(context);
    const { encoding, form } = encodingFor(resource, context);
    const list = listOptions(context.query, false);
    const namespace = resource.namespaceIn(context.info);
    if (resource.kind.namespaced && namespace === "") throw methodNotAllowed();
    const { objects, metadata } = await listObjects(this.#parts.cache, resource, namespace, list, () =>
      takeTurn(context),
    );
    const deleted: CachedObject[] = [];
    for (let start = 0; start < objects.length; start += deletionsAtOnce) {
      const batch = objects.slice(start, start + deletionsAtOnce);
      await Promise.all(batch.map((object) => this.#deleteOne(context, resource, object, options)));
      deleted.push(...batch);
    }
    await sendList(context, deleted, metadata, { encoding, form });
  }

  /** One that is gone meanwhile is as good as deleted. */
  async #deleteOne(
    context: RequestContext,
    resource: ServedResource,
    { name }: CachedObject,
    options: DeleteOptions,
  ): Promise<void> {
    try {
      await this.#parts.deleter.delete({ ...this.#deleteRequest(context, resource, options), name }, options);
    } catch (error) {
      if (!(error instanceof StatusError) || error.reason !== "NotFound") throw error;
    }
  }

  #request(context: RequestContext, resource: ServedResource, options: WriteOptions): WriteRequest {
    const write = this.#requestWith(context, resource, options.dryRun, options.object);
    return { ...write, fieldManager: managerOf(options.fieldManager, context.request.headers["user-agent"]) };
  }

  #deleteRequest(context: RequestContext, resource: ServedResource, options: DeleteOptions): WriteRequest {
    return this.#requestWith(context, resource, (options.dryRun?.length ?? 0) > 0, options);
  }

  #requestWith(
    context: RequestContext,
    resource: ServedResource,
    dryRun: boolean,
    options: UnknownObject,
  ): WriteRequest {
    const { info, user, warn, audit } = context;
    const namespace = resource.namespaceIn(info);
    const now = this.#parts.clock.now();
    const annotate = audit?.annotate;
    const subject = { resource, subresource: info.subresource, namespace, name: info.name };
    return { ...subject, user, dryRun, options, now, warn, annotate, nextTurn: () => takeTurn(context) };
  }
}

function decodeOptions(context: RequestContext, { fieldValidation }: WriteOptions): DecodeOptions {
  return { contentType: context.request.headers["content-type"], fieldValidation, warn: context.warn };
}

async function decodeObject(
  context: RequestContext,
  { kind }: ServedResource,
  options: WriteOptions,
): Promise<UnknownObject> {
  const bytes = await readBody(context);
  const object = await decodeBody(bytes, kind, decodeOptions(context, options));
  context.audit?.requestObject(object);
  kind.applyDefaults?.(object);
  return object;
}

/** Throws StatusError BadRequest where the object's name or namespace is not that of the path. */
function checkName({ info }: RequestContext, object: UnknownObject): void {
  const { name = "", namespace = "" } = object.metadata ?? {};
  if (name === "") {
    throw badRequest(`the name of the object (${info.name} based on URL) was undeterminable: name must be provided`);
  }
  if (name !== info.name) {
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${info.name})`);
  }
  if (namespace !== "" && info.namespace !== "" && info.resource !== "namespaces" && namespace !== info.namespace) {
    throw badRequest(
      `the namespace of the object (${namespace}) does not match the namespace on the request (${info.namespace})`,
    );
  }
}

function sendDeleted(
  context: RequestContext,
  resource: ServedResource,
  code: number,
  { removed, object }: DeleteResult,
): Promise<void> | void {
  if (!removed || answersWithObject(resource)) return sendCached(context, code, object, resource);
  sendStatus(context, deletedStatus(resource, object));
}
