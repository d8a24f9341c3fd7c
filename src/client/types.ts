/**
 * The client that controllers, scheduler, kubelet and network are written against: typed access to resources, and
 * informers with one shared cache a process. Everything goes over the API server's HTTP, as a user's program would.
 */
import type { KubernetesObject } from "../machinery/meta/object.ts";

/** A resource and the type of its objects; constants such as `pods` live in resources.ts. */
export interface ResourceRef<T extends KubernetesObject> {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Only carries the type. */
  readonly objectType?: T;
}

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
}

export interface ObjectList<T> {
  readonly items: T[];
  readonly metadata: { readonly resourceVersion?: string; readonly continue?: string };
}

export interface DeleteOptions {
  readonly namespace?: string;
  readonly gracePeriodSeconds?: number;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground";
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

export type PatchType = "json" | "merge" | "strategic" | "apply";

export interface PatchOptions {
  readonly type: PatchType;
  readonly namespace?: string;
  readonly subresource?: string;
  readonly fieldManager?: string;
  readonly force?: boolean;
}

/** All methods throw StatusError (src/machinery/errors/status-error.ts) for what the server refuses. */
export interface ResourceClient<T extends KubernetesObject> {
  get(name: string, namespace?: string): Promise<T>;
  list(options?: ListOptions): Promise<ObjectList<T>>;
  create(object: T): Promise<T>;
  update(object: T): Promise<T>;
  updateStatus(object: T): Promise<T>;
  patch(name: string, patch: unknown, options: PatchOptions): Promise<T>;
  delete(name: string, options?: DeleteOptions): Promise<void>;
  deleteCollection(options: ListOptions & DeleteOptions): Promise<void>;
  /** POST to a subresource (`binding`, `eviction`, `token`); returns the answer's object. */
  createSubresource<R = unknown>(name: string, subresource: string, body: unknown, namespace?: string): Promise<R>;
}

export interface RequestOptions {
  /** Default `application/json`. */
  readonly accept?: string;
  /** Default `application/json`. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";

export interface WatchOptions {
  readonly accept?: string;
  readonly signal: AbortSignal;
  onEvent(type: WatchEventType, object: KubernetesObject): void;
}

export interface Client {
  of<T extends KubernetesObject>(resource: ResourceRef<T>): ResourceClient<T>;
  /** A raw request, for what has no resource. The body is JSON. Throws StatusError on 4xx and 5xx. */
  request<R = unknown>(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<R>;
  /**
   * Opens a watch on a collection's path (`/api/v1/pods?watch=true&…`). Resolves when the server ends the stream;
   * rejects with StatusError when it refuses (410 Expired too, also from an ERROR event) or ConnectionError when the
   * connection breaks. Aborting the signal resolves.
   */
  watch(path: string, options: WatchOptions): Promise<void>;
  close(): void;
}

/** Read side of an informer. Objects are deeply frozen; copy before changing. */
export interface Lister<T> {
  get(name: string, namespace?: string): T | undefined;
  /** Unordered; `namespace` undefined: all. */
  list(namespace?: string): T[];
  /** Objects for which the named index function gave `value`. */
  byIndex(index: string, value: string): T[];
}

export interface InformerHandlers<T> {
  added?(object: T): void;
  updated?(object: T, old: T): void;
  deleted?(object: T): void;
}

export interface Informer<T extends KubernetesObject> {
  readonly lister: Lister<T>;
  /** Handlers added late are called with what is there already. Returns how to remove them. */
  subscribe(handlers: InformerHandlers<T>): () => void;
  /** `keys(object)` gives the index values of an object; adding the same name twice is fine. */
  addIndex(name: string, keys: (object: T) => readonly string[]): void;
  /** Resolves when the first list is in the cache and handlers have seen it. */
  synced(): Promise<void>;
}

export interface InformerOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** One informer for each resource and options, shared by all who ask; it starts on first use and ends with the signal. */
export interface Informers {
  of<T extends KubernetesObject>(resource: ResourceRef<T>, options?: InformerOptions): Informer<T>;
}

/** Records Events (events.k8s.io/v1 or core/v1), counting repeats instead of writing them again. */
export interface EventRecorder {
  /** `fieldPath` says which part of the object is meant, as `spec.containers{name}`. */
  event(about: KubernetesObject, type: "Normal" | "Warning", reason: string, message: string, fieldPath?: string): void;
}
