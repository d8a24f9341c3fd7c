import type { ServerResponse } from "node:http";
import { badRequest } from "../../machinery/errors/status-error.ts";
import { parseFieldSelector, requiredValue } from "../../machinery/selectors/field-selector.ts";
import type { RequestContext } from "../http/request-context.ts";
import { commonHeaders, isGone } from "../http/respond.ts";
import type { WatchedResource } from "../watch/resource-cache.ts";
import type { WatchCache } from "../watch/watch-cache.ts";
import type { WatchHub } from "../watch/watch-hub.ts";
import { WatchSession, type WatchSessionOptions } from "../watch/watch-session.ts";
import { encodingFor } from "./encoding.ts";
import { waitForRevision } from "./list.ts";
import { type ListOptions, listOptions, parseRevision } from "./request-options.ts";
import type { ServedResource } from "./resources.ts";
import { selectionOf } from "./selection.ts";
import { TableEncoding } from "./table-encoding.ts";

/** Watches that name no timeout end after half an hour to an hour, so that clients spread over restarted servers. */
const minimumTimeoutMs = 30 * 60 * 1000;
/** A timer takes no more, and would go off at once. */
const longest = 2 ** 31 - 1;

export interface WatchParts {
  readonly cache: WatchCache;
  readonly hub: WatchHub;
}

/** Answers a watch. Resolves when it is over; rejects with StatusError before it has begun. */
export async function serveWatch(
  context: RequestContext,
  resource: ServedResource,
  { cache, hub }: WatchParts,
): Promise<void> {
  const options = watchOptions(context);
  const { encoding } = encodingFor(resource, context);
  const selection = selectionOf(resource, options.labelSelector, options.fieldSelector);
  const start = startOf(options);
  if (start.afterRevision !== undefined) await waitForRevision(cache, start.afterRevision);
  await resource.prepare(resource.cache.list(resource.prefix(context.info.namespace)));
  const response = context.response as ServerResponse;
  if (isGone(context.response)) return;
  const { contentType, stream } = encoding;
  context.audit?.started(200);
  response.writeHead(200, commonHeaders(context, stream === undefined ? contentType : `${contentType};stream=watch`));
  response.flushHeaders();
  const session = new WatchSession(response, {
    cache,
    resource: watchedCache(resource),
    prefix: resource.prefix(context.info.namespace),
    matches: selection.all ? undefined : (object) => selection.matches(object),
    encoding,
    ...(encoding instanceof TableEncoding ? { laterEncoding: encoding.withoutColumns() } : {}),
    bookmarks: options.allowWatchBookmarks,
    ...start,
  });
  hub.add(session);
  resource.watches.add(session);
  const timeoutMs = Math.min((options.timeoutSeconds ?? 0) * 1000 || minimumTimeoutMs * (1 + Math.random()), longest);
  const timer = setTimeout(() => {
    // The client goes on from here, and not from the last change of what it watches.
    if (session.bookmarks) session.bookmark(cache.revision);
    session.end();
  }, timeoutMs);
  try {
    // A watch needs its seat only until it has caught up.
    await Promise.all([session.run().then(() => context.flow?.finish()), closed(response)]);
  } finally {
    clearTimeout(timer);
    hub.remove(session);
    resource.watches.remove(session);
  }
}

/** Events wait, in their order, until a conversion webhook has answered. */
function watchedCache(resource: ServedResource): WatchedResource {
  const { cache, kind } = resource;
  if (kind.storage?.convert === undefined) return cache;
  let chain = Promise.resolve();
  return {
    prefix: cache.prefix,
    list: (prefix) => cache.list(prefix),
    eventsAfter: (revision) => cache.eventsAfter(revision),
    settled(then) {
      void chain.then(then);
    },
    subscribe(subscriber) {
      return cache.subscribe((event) => {
        const objects = event.previous === undefined ? [event.object] : [event.object, event.previous];
        // Where it fails the object goes out in its stored version, which its apiVersion says.
        const prepared = resource.prepare(objects)?.catch(() => undefined);
        chain = chain.then(() => prepared).then(() => subscriber(event));
      });
    },
  };
}

function watchOptions({ query, info }: RequestContext): ListOptions {
  const options = listOptions(query, true);
  if (info.name === "") return options;
  // The deprecated /watch/…/NAME paths watch one object, which is the one that was authorized.
  if (options.fieldSelector === "") return { ...options, fieldSelector: `metadata.name=${info.name}` };
  if (requiredValue(parseFieldSelector(options.fieldSelector), "metadata.name") !== info.name) {
    throw badRequest("fieldSelector metadata.name doesn't match requested name");
  }
  return options;
}

function startOf(options: ListOptions): Pick<WatchSessionOptions, "afterRevision" | "initialState"> {
  const { resourceVersion, sendInitialEvents, allowWatchBookmarks } = options;
  const anyRevision = resourceVersion === "" || resourceVersion === "0";
  if (sendInitialEvents === true) {
    // The state is always the newest, so a minimum that is not reached yet is waited for by the caller.
    return {
      afterRevision: anyRevision ? undefined : parseRevision(resourceVersion),
      initialState: allowWatchBookmarks ? "marked" : "plain",
    };
  }
  if (!anyRevision) return { afterRevision: parseRevision(resourceVersion), initialState: "none" };
  return { afterRevision: undefined, initialState: sendInitialEvents === false ? "none" : "plain" };
}

function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", () => resolve());
  });
}
