/**
 * Keeps a store in step with one collection: lists, then watches from there, for ever. Starts with WatchList (one
 * stream that opens with what exists), falls back to list and watch where the server does not know it, resumes from
 * the last resourceVersion when a watch ends, and lists anew when that is too old (410).
 */
import { createBackOff } from "../lib/back-off.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/log.ts";
import { StatusError } from "../machinery/errors/status-error.ts";
import type { KubernetesObject } from "../machinery/meta/object.ts";
import { withQuery } from "./paths.ts";
import type { Client, WatchEventType } from "./types.ts";

/** What the reflector writes to. Calls are in the order of the server's revisions. */
export interface ReflectorStore {
  /** The whole collection. Called at the start and after each gap in the watch. */
  replace(objects: readonly KubernetesObject[]): void;
  apply(type: Exclude<WatchEventType, "BOOKMARK">, object: KubernetesObject): void;
}

export interface ReflectorOptions {
  readonly client: Client;
  /** Path of the collection, `/api/v1/pods`. */
  readonly path: string;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  /** Media type of watches, and of lists where that has another name (PartialObjectMetadataList). */
  readonly accept?: string | undefined;
  readonly listAccept?: string | undefined;
  readonly store: ReflectorStore;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

const initialEventsEnd = "k8s.io/initial-events-end";
/** The server ends a watch after 5 to 10 minutes, spread so that watches do not return all at once. */
const minimumWatchSeconds = 300;
const log = createLogger("reflector");

interface Reflector extends ReflectorOptions {
  resourceVersion: string;
  watchListSupported: boolean;
}

/** Resolves when the signal aborts; never rejects. */
export async function runReflector(options: ReflectorOptions): Promise<void> {
  const { signal, clock = systemClock } = options;
  const reflector: Reflector = { ...options, resourceVersion: "", watchListSupported: true };
  const backOff = createBackOff({ initialMs: 200, maximumMs: 30_000, jitter: 1 });
  while (!signal.aborted) {
    const startedAt = clock.now();
    try {
      if (reflector.resourceVersion === "") await relist(reflector, () => backOff.reset());
      else await watchOnwards(reflector);
      // A server that ends watches at once is not asked again in a busy loop.
      if (clock.now() - startedAt > 1_000) {
        backOff.reset();
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      handleFailure(reflector, error);
    }
    await clock.sleep(backOff.next(), signal).catch(() => undefined);
  }
}

function handleFailure(reflector: Reflector, error: unknown): void {
  if (error instanceof StatusError) {
    if (isExpired(error)) {
      reflector.resourceVersion = "";
      return;
    }
    // As client-go does: a server that fails at WatchList, in whatever way, may still be able to list.
    if (reflector.resourceVersion === "" && reflector.watchListSupported && refusesWatchList(error)) {
      reflector.watchListSupported = false;
      return;
    }
  }
  log.debug("watch failed, trying again", { path: reflector.path, error });
}

const refusesWatchList = ({ code }: StatusError): boolean => code === 400 || code === 422 || code >= 500;
const isExpired = (error: StatusError): boolean =>
  error.code === 410 || error.reason === "Expired" || error.reason === "Gone";

async function relist(reflector: Reflector, onSuccess: () => void): Promise<void> {
  if (reflector.watchListSupported) return watchList(reflector, onSuccess);
  const path = withQuery(reflector.path, { ...selectors(reflector), resourceVersion: "0" });
  const list = await reflector.client.request<{
    apiVersion: string;
    kind: string;
    items?: KubernetesObject[];
    metadata: { resourceVersion: string };
  }>("GET", path, undefined, { signal: reflector.signal, ...acceptOf(reflector.listAccept ?? reflector.accept) });
  const kind = list.kind.replace(/List$/, "");
  for (const item of list.items ?? []) {
    item.apiVersion ??= list.apiVersion;
    item.kind ??= kind;
  }
  reflector.store.replace(list.items ?? []);
  reflector.resourceVersion = list.metadata.resourceVersion;
  onSuccess();
  await watchOnwards(reflector);
}

/** One stream for both: ADDED events of what exists, a bookmark that ends them, then changes. */
async function watchList(reflector: Reflector, onSuccess: () => void): Promise<void> {
  let initial: KubernetesObject[] | undefined = [];
  const query = { sendInitialEvents: true, resourceVersionMatch: "NotOlderThan" };
  await watch(reflector, query, (type, object) => {
    if (initial === undefined) {
      applyEvent(reflector, type, object);
    } else if (type === "BOOKMARK" && object.metadata?.annotations?.[initialEventsEnd] === "true") {
      reflector.store.replace(initial);
      initial = undefined;
      reflector.resourceVersion = object.metadata.resourceVersion ?? "";
      onSuccess();
    } else if (type === "ADDED") {
      initial.push(object);
    }
  });
}

function watchOnwards(reflector: Reflector): Promise<void> {
  return watch(reflector, { resourceVersion: reflector.resourceVersion }, (type, object) =>
    applyEvent(reflector, type, object),
  );
}

function watch(
  reflector: Reflector,
  query: Record<string, string | boolean>,
  onEvent: (type: WatchEventType, object: KubernetesObject) => void,
): Promise<void> {
  const timeoutSeconds = Math.round(minimumWatchSeconds * (1 + Math.random()));
  const path = withQuery(reflector.path, {
    watch: true,
    allowWatchBookmarks: true,
    timeoutSeconds,
    ...selectors(reflector),
    ...query,
  });
  return reflector.client.watch(path, { signal: reflector.signal, onEvent, ...acceptOf(reflector.accept) });
}

function applyEvent(reflector: Reflector, type: WatchEventType, object: KubernetesObject): void {
  if (type !== "BOOKMARK") reflector.store.apply(type, object);
  reflector.resourceVersion = object.metadata?.resourceVersion ?? reflector.resourceVersion;
}

const selectors = ({ labelSelector, fieldSelector }: Reflector): Record<string, string | undefined> => ({
  labelSelector,
  fieldSelector,
});
const acceptOf = (accept: string | undefined): { accept?: string } => (accept === undefined ? {} : { accept });
