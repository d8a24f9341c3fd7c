/**
 * The loop under every controller. A controller declares its primary resource, what it owns and what else it watches;
 * the loop turns changes into keys of a work queue, hands each key to `reconcile` in one of a few workers, and tries
 * again with back-off what throws. Fed by the process's informers; feeds nothing but the API server.
 */

import { objectKey } from "../../client/object-cache.ts";
import type {
  Client,
  EventRecorder,
  Informer,
  InformerOptions,
  Informers,
  Lister,
  ResourceRef,
} from "../../client/types.ts";
import { createWorkQueue, type WorkQueue } from "../../client/work-queue.ts";
import type { Clock } from "../../lib/clock.ts";
import { createLogger, type Logger } from "../../lib/log.ts";
import { isConflict } from "../../machinery/errors/status-error.ts";
import { controllerOf } from "../../machinery/meta/accessors.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import { createExpectations, type Expectations } from "./expectations.ts";
import { isNamespaceTerminating } from "./failures.ts";

/** What a controller process has, the same for all of its controllers. */
export interface ControllerEnvironment {
  readonly client: Client;
  readonly informers: Informers;
  readonly clock: Clock;
  /** A recorder in the name of `component`. */
  recorderFor(component: string): EventRecorder;
}

export interface ControllerContext {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Creations and deletions of owned objects that the cache has not shown yet, by key of the owner. */
  readonly expectations: Expectations;
  lister<T extends KubernetesObject>(resource: ResourceRef<T>): Lister<T>;
  /** Reconciles `key` after `ms`, or at once. */
  enqueue(key: string, ms?: number): void;
}

export interface Watch {
  readonly resource: ResourceRef<KubernetesObject>;
  /** Restricts what is watched. */
  readonly options?: InformerOptions;
  /** Keys of the primaries that a change concerns; `old` is set on updates, `deleted` on removal. */
  keys(object: KubernetesObject, context: ControllerContext, change: Change): Iterable<string>;
}

export interface Change {
  readonly type: "added" | "updated" | "deleted";
  readonly old?: KubernetesObject;
}

/** Ties the type of the object in `keys` to that of the resource. */
export function watch<T extends KubernetesObject>(
  resource: ResourceRef<T>,
  keys: (object: T, context: ControllerContext, change: Change & { readonly old?: T }) => Iterable<string>,
  options?: InformerOptions,
): Watch {
  return { resource, keys, ...(options === undefined ? {} : { options }) } as unknown as Watch;
}

/** Changes of objects of `resource` enqueue their controlling owner of kind `kind`; expectations are left alone. */
export function watchOwned(resource: ResourceRef<KubernetesObject>, kind: string): Watch {
  return watch(resource, (object) => {
    const owner = controllerOf(object);
    return owner?.kind === kind ? [`${object.metadata?.namespace}/${owner.name}`] : [];
  });
}

export interface ControllerDefinition {
  /** Upstream's name without `-controller`: `deployment`. */
  readonly name: string;
  /** Component in Events. Default `NAME-controller`. */
  readonly component?: string;
  /** Every change of it enqueues its own key. */
  readonly primary: ResourceRef<KubernetesObject>;
  /** Updates of the primary that enqueue nothing. */
  ignores?(object: KubernetesObject, old: KubernetesObject): boolean;
  /**
   * Changes enqueue the controlling owner, if it is of the primary's kind, and settle expectations: for the one kind
   * that the controller counts creations of.
   */
  readonly owns?: readonly ResourceRef<KubernetesObject>[];
  readonly watches?: readonly Watch[];
  /** Keys handled at a time. Default 5. */
  readonly workers?: number;
  /** Called once before informers are awaited: for indices and timers. */
  setUp?(context: ControllerContext): void;
  /** Brings one object to its desired state. A throw means retry; a missing object is success. Level triggered. */
  reconcile(key: string, context: ControllerContext): Promise<void>;
}

export interface Controller {
  readonly name: string;
  /** Resolves when the caches are synced and workers run. They end with the signal. */
  start(environment: ControllerEnvironment, signal: AbortSignal): Promise<void>;
}

/** The definition as a controller that can be started, once in a process. */
export function defineController(definition: ControllerDefinition): Controller {
  return {
    name: definition.name,
    async start(environment, signal) {
      const log = createLogger(`${definition.name}-controller`);
      const queue = createWorkQueue<string>({ clock: environment.clock });
      const context: ControllerContext = {
        client: environment.client,
        informers: environment.informers,
        clock: environment.clock,
        recorder: environment.recorderFor(definition.component ?? `${definition.name}-controller`),
        signal,
        log,
        expectations: createExpectations(environment.clock),
        lister: (resource) => environment.informers.of(resource).lister,
        enqueue: (key, ms = 0) => queue.addAfter(key, ms),
      };
      definition.setUp?.(context);
      const informers = subscribeAll(definition, context);
      signal.addEventListener("abort", () => queue.shutDown(), { once: true });
      await untilSynced(informers, signal);
      for (let i = 0; i < (definition.workers ?? 5); i++) void work(definition, context, queue);
    },
  };
}

async function untilSynced(informers: readonly Informer<KubernetesObject>[], signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  await Promise.race([aborted, Promise.all(informers.map((informer) => informer.synced()))]);
  signal.removeEventListener("abort", onAbort);
}

function subscribeAll(definition: ControllerDefinition, context: ControllerContext): Informer<KubernetesObject>[] {
  const { primary, owns = [], watches = [] } = definition;
  const primaryInformer = context.informers.of(primary);
  primaryInformer.subscribe({
    added: (object) => context.enqueue(objectKey(object)),
    updated(object, old) {
      if (definition.ignores?.(object, old) !== true) context.enqueue(objectKey(object));
    },
    deleted: (object) => context.enqueue(objectKey(object)),
  });
  const ownedInformers = owns.map((resource) => {
    const informer = context.informers.of(resource);
    subscribeOwned(informer, primary, context);
    return informer;
  });
  const watchedInformers = watches.map(({ resource, keys, options }) => {
    const informer = context.informers.of(resource, options);
    const enqueueAll = (object: KubernetesObject, change: Change): void => {
      for (const key of keys(object, context, change)) context.enqueue(key);
    };
    informer.subscribe({
      added: (object) => enqueueAll(object, { type: "added" }),
      updated: (object, old) => enqueueAll(object, { type: "updated", old }),
      deleted: (object) => enqueueAll(object, { type: "deleted" }),
    });
    return informer;
  });
  return [primaryInformer, ...ownedInformers, ...watchedInformers];
}

function subscribeOwned(
  informer: Informer<KubernetesObject>,
  primary: ResourceRef<KubernetesObject>,
  context: ControllerContext,
): void {
  const ownerKey = (object: KubernetesObject): string | undefined => {
    const owner = controllerOf(object);
    if (owner?.kind !== primary.kind) return undefined;
    return primary.namespaced ? `${object.metadata?.namespace}/${owner.name}` : owner.name;
  };
  const enqueueOwner = (object: KubernetesObject): void => {
    const key = ownerKey(object);
    if (key !== undefined) context.enqueue(key);
  };
  informer.subscribe({
    added(object) {
      const key = ownerKey(object);
      if (key === undefined) return;
      context.expectations.creationObserved(key);
      if (object.metadata?.deletionTimestamp) context.expectations.deletionObserved(key, object.metadata.uid ?? "");
      context.enqueue(key);
    },
    updated(object, old) {
      const key = ownerKey(object);
      const oldKey = ownerKey(old);
      if (oldKey !== undefined && oldKey !== key) context.enqueue(oldKey);
      if (key !== undefined && object.metadata?.deletionTimestamp) {
        context.expectations.deletionObserved(key, object.metadata.uid ?? "");
      }
      enqueueOwner(object);
    },
    deleted(object) {
      const key = ownerKey(object);
      if (key !== undefined) context.expectations.deletionObserved(key, object.metadata?.uid ?? "");
      enqueueOwner(object);
    },
  });
}

async function work(
  definition: ControllerDefinition,
  context: ControllerContext,
  queue: WorkQueue<string>,
): Promise<void> {
  for (;;) {
    const key = await queue.get();
    if (key === undefined) return;
    try {
      await definition.reconcile(key, context);
      queue.forget(key);
    } catch (error) {
      if (context.signal.aborted) return;
      logFailure(context.log, key, error);
      queue.addRateLimited(key);
    } finally {
      queue.done(key);
    }
  }
}

/** Conflicts from a lagging cache, and creations in a namespace that is going, are ordinary; the rest is worth a line. */
function logFailure(log: Logger, key: string, error: unknown): void {
  if (isConflict(error) || isNamespaceTerminating(error)) log.debug("trying again", { key, error });
  else log.warn("reconcile failed, trying again", { key, error });
}
