import { expired, StatusError, timeout } from "../../machinery/errors/status-error.ts";
import { isStoreError } from "../../store/errors.ts";
import { CachedObject } from "../watch/cached-object.ts";
import { identify, type WatchCache } from "../watch/watch-cache.ts";
import { decodeContinue, encodeContinue } from "./continue-token.ts";
import type { ListMeta } from "./encoding.ts";
import { type ListOptions, parseRevision } from "./request-options.ts";
import type { ServedResource } from "./resources.ts";
import { type Selection, selectionOf } from "./selection.ts";

/** Looking into objects for the first time decodes them: so many are looked at before the time is, in milliseconds. */
const matchesAtOnce = 64;
const turnMs = 3;

/** Lets others have the thread; rejects where nobody waits for the list any more. */
export type NextTurn = () => Promise<void>;

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
  nextTurn: NextTurn,
): Promise<ListedObjects> {
  const selection = selectionOf(resource, options.labelSelector, options.fieldSelector);
  const range = await rangeOf(cache, resource, namespace, options);
  const revision = range.revision ?? cache.revision;
  const { limit } = options;
  const compactRevision = range.revision === undefined ? 0 : await cache.store.compactRevision();
  if (revision >= compactRevision && resource.cache.lastChange <= revision) {
    return newestPage(resource, range, selection, { revision, limit, nextTurn });
  }
  // The past is read from the store into memory of its own: no more of it than the page has.
  const past = await readPast(cache, range, { continued: options.continue !== "", limit: selection.all ? limit : 0 });
  const matching = selection.all ? past.objects : await matchingOf(past.objects, selection, Infinity, nextTurn);
  const objects = limit > 0 ? matching.slice(0, limit) : matching;
  const remaining = matching.length - objects.length + past.remaining;
  return { objects, metadata: pageMetadata(range, objects, remaining, { revision, selection }) };
}

/** A page of the state that is in memory: only as many objects are looked at as it needs. */
async function newestPage(
  { cache }: ServedResource,
  range: Range,
  selection: Selection,
  { revision, limit, nextTurn }: { revision: number; limit: number; nextTurn: NextTurn },
): Promise<ListedObjects> {
  const { prefix, after } = range;
  if (selection.all) {
    const objects = cache.list(prefix, after, limit);
    const remaining = limit > 0 ? cache.count(prefix, after) - objects.length : 0;
    return { objects, metadata: pageMetadata(range, objects, remaining, { revision, selection }) };
  }
  const matching = await matchingOf(cache.list(prefix, after), selection, limit > 0 ? limit + 1 : Infinity, nextTurn);
  const objects = limit > 0 ? matching.slice(0, limit) : matching;
  const more = matching.length - objects.length;
  return { objects, metadata: pageMetadata(range, objects, more, { revision, selection }) };
}

/** The first `wanted` that are selected. */
async function matchingOf(
  candidates: readonly CachedObject[],
  selection: Selection,
  wanted: number,
  nextTurn: NextTurn,
): Promise<CachedObject[]> {
  const matching: CachedObject[] = [];
  let startedAt = performance.now();
  for (const [index, object] of candidates.entries()) {
    if (selection.matches(object) && matching.push(object) === wanted) break;
    if (index % matchesAtOnce !== 0 || performance.now() - startedAt < turnMs) continue;
    await nextTurn();
    startedAt = performance.now();
  }
  return matching;
}

/** How many remain is told only where no selector makes the number a guess. */
function pageMetadata(
  { prefix }: Range,
  objects: readonly CachedObject[],
  remaining: number,
  { revision, selection }: { revision: number; selection: Selection },
): ListMeta {
  const resourceVersion = String(revision);
  if (remaining <= 0) return { resourceVersion };
  const token = encodeContinue(prefix, { revision, after: objects.at(-1)?.key ?? "" });
  return { resourceVersion, continue: token, ...(selection.all ? { remainingItemCount: remaining } : {}) };
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

async function readPast(
  cache: WatchCache,
  { prefix, after, revision = 0 }: Range,
  { continued, limit }: { readonly continued: boolean; readonly limit: number },
): Promise<{ readonly objects: readonly CachedObject[]; readonly remaining: number }> {
  try {
    const { entries, remaining } = await cache.store.list(prefix, { after, revision, limit });
    const objects = entries.map((entry) =>
      CachedObject.fromStored(identify(entry.key, entry.createRevision), entry.revision, entry.value),
    );
    return { objects, remaining };
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
