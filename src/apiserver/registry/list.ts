import { expired, StatusError, timeout } from "../../machinery/errors/status-error.ts";
import { isStoreError } from "../../store/errors.ts";
import { CachedObject } from "../watch/cached-object.ts";
import { identify, type WatchCache } from "../watch/watch-cache.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import type { ListMeta } from "./encoding.ts";
import { type ListOptions, parseRevision } from "./request-options.ts";
import type { ServedResource } from "./resources.ts";
import { type Selection, selectionOf } from "./selection.ts";

export interface ListedObjects {
  readonly objects: readonly CachedObject[];
  readonly metadata: ListMeta;
}

/** How long a read waits for a revision that is not reached, as upstream's cache does. */
const futureRevisionWaitMs = 3_000;

/** A range of keys as of a revision; `revision` undefined: the newest. */
interface Range {
  readonly prefix: string;
  readonly after: string;
  readonly revision: number | undefined;
}

/**
 * The objects of a resource, in the order of their keys, as ListOptions ask: from the cache wherever the resource is
 * unchanged since the revision that is asked for, else from the store. Rejects with StatusError BadRequest, Expired or
 * Timeout.
 */
export async function listObjects(
  cache: WatchCache,
  resource: ServedResource,
  namespace: string,
  options: ListOptions,
): Promise<ListedObjects> {
  const selection = selectionOf(resource, options.labelSelector, options.fieldSelector);
  const range = await rangeOf(cache, resource, namespace, options);
  const revision = range.revision ?? cache.revision;
  const candidates = await read(cache, resource, range, options.continue !== "");
  return page(candidates, selection, { range, revision, limit: options.limit });
}

async function rangeOf(
  cache: WatchCache,
  resource: ServedResource,
  namespace: string,
  options: ListOptions,
): Promise<Range> {
  const prefix = resource.prefix(namespace);
  if (options.continue !== "") {
    if (options.resourceVersion !== "" && options.resourceVersion !== "0") {
      throw new StatusError({
        code: 400,
        reason: "BadRequest",
        message: "specifying resource version is not allowed when using continue",
      });
    }
    const token = decodeContinue(prefix, options.continue);
    return { prefix, after: token.after, revision: token.revision > 0 ? token.revision : undefined };
  }
  const newest: Range = { prefix, after: "", revision: undefined };
  if (options.resourceVersion === "" || options.resourceVersion === "0") return newest;
  const revision = parseRevision(options.resourceVersion);
  await waitForRevision(cache, revision);
  // Without a match, a limit makes the revision exact, as upstream's pages are of one snapshot.
  const exact = options.resourceVersionMatch === "Exact" || (options.resourceVersionMatch === "" && options.limit > 0);
  return exact ? { ...newest, revision } : newest;
}

/** Rejects with StatusError Timeout where the revision is not reached in time. */
export async function waitForRevision(cache: WatchCache, revision: number): Promise<void> {
  if (await cache.reached(revision, futureRevisionWaitMs)) return;
  const error = timeout(`Too large resource version: ${revision}, current: ${cache.revision}`, 1);
  throw new StatusError({
    ...error.status,
    details: {
      ...error.status.details,
      causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    },
  });
}

async function read(
  cache: WatchCache,
  { cache: objects }: ServedResource,
  { prefix, after, revision }: Range,
  continued: boolean,
): Promise<readonly CachedObject[]> {
  if (revision === undefined || objects.lastChange <= revision) return objects.list(prefix, after);
  try {
    const { entries } = await cache.store.list(prefix, { after, revision });
    return entries.map((entry) =>
      CachedObject.fromStored(identify(entry.key, entry.createRevision), entry.revision, entry.value),
    );
  } catch (error) {
    if (!isStoreError(error, "STORE_COMPACTED")) throw error;
    if (!continued) throw expired("The resourceVersion for the provided list is too old.");
    throw expiredContinue(encodeContinue(prefix, { revision: -1, after }));
  }
}

function expiredContinue(token: string): StatusError {
  const { status } = expired(
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  );
  const error = new StatusError(status);
  error.status.metadata = { continue: token };
  return error;
}

function page(
  candidates: readonly CachedObject[],
  selection: Selection,
  { range, revision, limit }: { range: Range; revision: number; limit: number },
): ListedObjects {
  const resourceVersion = String(revision);
  const matching = selection.all ? candidates : candidates.filter((object) => selection.matches(object));
  if (limit <= 0 || matching.length <= limit) return { objects: matching, metadata: { resourceVersion } };
  const objects = matching.slice(0, limit);
  const after = objects.at(-1)?.key ?? "";
  return {
    objects,
    metadata: {
      resourceVersion,
      continue: encodeContinue(range.prefix, { revision, after }),
      ...(selection.all ? { remainingItemCount: matching.length - limit } : {}),
    },
  };
}
