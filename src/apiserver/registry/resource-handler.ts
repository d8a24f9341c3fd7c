/**
 * Answers requests for resources: takes the request apart, calls the registry, encodes what it gave. Fed by http after
 * authentication and authorization.
 */
import type { Clock } from "../../lib/clock.ts";
import { methodNotAllowed, notFound, unknownPath } from "../../machinery/errors/status-error.ts";
import type { Verb } from "../../machinery/kind.ts";
import { takeTurn } from "../http/body.ts";
import type { RequestContext } from "../http/request-context.ts";
import type { WatchCache } from "../watch/watch-cache.ts";
import type { WatchHub } from "../watch/watch-hub.ts";
import { encodingFor } from "./encoding.ts";
import { listObjects, waitForRevision } from "./list.ts";
import { listOptions, parseRevision } from "./request-options.ts";
import type { ResourceRegistry, ServedResource } from "./resources.ts";
import { sendCached, sendList } from "./send-object.ts";
import type { SubresourceCalls } from "./subresource-calls.ts";
import { serveWatch } from "./watch-request.ts";
import type { WriteHandler } from "./write-handler.ts";

export interface ResourceHandlerParts {
  readonly resources: ResourceRegistry;
  readonly cache: WatchCache;
  readonly hub: WatchHub;
  readonly writes: WriteHandler;
  readonly subresources: SubresourceCalls;
  readonly clock: Clock;
}

export class ResourceHandler {
  readonly #parts: ResourceHandlerParts;

  constructor(parts: ResourceHandlerParts) {
    this.#parts = parts;
  }

  /** Answers the request; synchronous where nothing has to be waited for. Throws or rejects with StatusError. */
  handle(context: RequestContext): Promise<void> | void {
    const { info } = context;
    const resource = this.resourceOf(context);
    checkSubresource(resource, info, context.request.method);
    checkVerb(resource, info, context.request.method);
    const handler = this.#parts.subresources.find(resource, info.subresource);
    if (handler !== undefined) return this.#parts.subresources.call(context, resource, handler);
    switch (info.verb) {
      case "get":
        return this.#get(context, resource);
      case "list":
        return this.#list(context, resource);
      case "watch":
        return serveWatch(context, resource, this.#parts);
      case "create":
        return this.#parts.writes.create(context, resource);
      case "update":
        return this.#parts.writes.update(context, resource);
      case "patch":
        return this.#parts.writes.patch(context, resource);
      case "delete":
        return this.#parts.writes.delete(context, resource);
      case "deletecollection":
        return this.#parts.writes.deleteCollection(context, resource);
      default:
        throw methodNotAllowed();
    }
  }

  /** Throws StatusError NotFound where the path names no resource, or puts it in the wrong scope. */
  resourceOf({ info }: RequestContext): ServedResource {
    const resource = this.#parts.resources.find(info.group, info.version, info.resource);
    if (resource === undefined) throw unknownPath();
    const { namespaced, plural, group } = resource.kind;
    // Parts are what authorization looks at; what is served has one spelling of its start.
    if (info.path.startsWith("//")) throw unknownPath();
    if (!namespaced && info.namespace !== "" && !(group === "" && plural === "namespaces")) throw unknownPath();
    return resource;
  }

  #get(context: RequestContext, resource: ServedResource): Promise<void> | void {
    const resourceVersion = context.query.size === 0 ? "" : (context.query.get("resourceVersion") ?? "");
    if (resourceVersion === "" || resourceVersion === "0") return this.#sendNewest(context, resource);
    return waitForRevision(this.#parts.cache, parseRevision(resourceVersion)).then(() =>
      this.#sendNewest(context, resource),
    );
  }

  #sendNewest(context: RequestContext, resource: ServedResource): Promise<void> | void {
    const { namespace, name } = context.info;
    const object = resource.get(namespace, name);
    if (object === undefined) throw notFound(resource.name, name);
    return sendCached(context, 200, object, resource);
  }

  async #list(context: RequestContext, resource: ServedResource): Promise<void> {
    const { info, query } = context;
    const { encoding, form } = encodingFor(resource, context);
    const options = listOptions(query, false);
    const nextTurn = (): Promise<void> => takeTurn(context);
    const { objects, metadata } = await listObjects(this.#parts.cache, resource, info.namespace, options, nextTurn);
    await resource.prepare(objects);
    await sendList(context, objects, metadata, { encoding, form });
  }
}

/**
 * Whether a subresource has the method, which its declaration says, for those with a handler of their own too. Only what
 * is proxied has a path below it. Throws StatusError where it is not so.
 */
export function checkSubresource({ kind }: ServedResource, info: RequestContext["info"], method = ""): void {
  const { subresource, subpath, verb, name } = info;
  if (subresource === "") return;
  const declared = kind.subresources.find((one) => one.name === subresource);
  if (declared === undefined || name === "" || (subpath !== "" && subresource !== "proxy")) throw unknownPath();
  // OPTIONS has no verb, and discovery does not tell of it; it is for what is behind a proxy.
  const isPassedOn = method === "OPTIONS" && subresource === "proxy";
  if (!isPassedOn && !declared.verbs.includes(verb)) throw methodNotAllowed();
}

function checkVerb({ kind }: ServedResource, info: RequestContext["info"], method = ""): void {
  // The paths below /watch/ have this verb with every method.
  if (info.verb === "watch" && method !== "GET") throw methodNotAllowed();
  if (info.subresource !== "") return;
  if (!kind.verbs.includes(info.verb as Verb)) throw methodNotAllowed();
  const collection = info.verb === "list" || info.verb === "watch";
  if (kind.namespaced && info.namespace === "" && !collection) throw methodNotAllowed();
  if (info.name === "" && (info.verb === "update" || info.verb === "patch")) throw methodNotAllowed();
  if (info.name !== "" && info.verb === "create") throw methodNotAllowed();
}
