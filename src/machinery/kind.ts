/**
 * What the API server knows of a kind. A built-in kind is one folder in src/kinds that exports a KindDefinition; a
 * custom resource becomes one from its CustomResourceDefinition. Data and pure functions only: the generic registry
 * owns the order decode → default → admit (mutate) → prepare → validate → admit (validate) → store.
 */
import type { FieldError } from "./errors/field-error.ts";
import type { KubernetesObject, UnknownObject } from "./meta/object.ts";
import type { SchemaTable } from "./schema/types.ts";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";

/** One column of the Table form (`kubectl get`). Columns with priority above 0 show with `-o wide`. */
export interface Column<T> {
  readonly name: string;
  readonly type: "string" | "integer" | "number" | "boolean" | "date";
  readonly format?: "name";
  readonly priority?: number;
  readonly description?: string;
  /** The cell; `now` is milliseconds since the epoch, for ages. */
  readonly value: (object: T, now: number) => string | number | bigint | boolean | undefined;
}

export interface Subresource {
  /** `status`, `scale`, `binding`, `eviction`, `exec`, `log`, `token`, … */
  readonly name: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly verbs: readonly string[];
}

/** Where several versions or groups of one kind share their stored form (HorizontalPodAutoscaler v1/v2, Event). */
export interface SharedStorage {
  /** Plural and group of the storage kind. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  /** Whether even objects of the stored version go through the conversion (defaults of custom resources). */
  readonly always?: boolean;
  /**
   * Where the conversion takes a webhook: called before the two below, which then leave objects as they are. Gives the
   * objects in the same order; rejects with StatusError.
   */
  convert?(objects: readonly UnknownObject[], apiVersion: string): Promise<readonly UnknownObject[]>;
  toStorage(object: UnknownObject): UnknownObject;
  fromStorage(object: UnknownObject): UnknownObject;
}

export interface WriteContext {
  readonly now: number;
  readonly namespace: string;
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
}

export interface DeleteOptionsLike {
  gracePeriodSeconds?: number | undefined;
}

export interface KindDefinition<T extends KubernetesObject = KubernetesObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly Subresource[];
  /** The table in which `schemaName` and what it refers to are found. */
  readonly schemas: SchemaTable;
  /** `io.k8s.api.apps.v1.Deployment`. */
  readonly schemaName: string;
  /** Published in OpenAPI in place of what the table says: the schema of a custom resource. */
  readonly openApiSchema?: Readonly<Record<string, unknown>>;
  /** The same in OpenAPI v2. */
  readonly openApiSchemaV2?: Readonly<Record<string, unknown>>;
  /** Default: the kind with `List` behind it. */
  readonly listKind?: string;
  /** Custom resources with a scale subresource: where replicas and selector are, as JSON paths. */
  readonly scalePaths?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath?: string | undefined;
  };
  readonly storage?: SharedStorage;

  /** Whether a PUT may create the object (upstream's AllowCreateOnUpdate). */
  readonly createOnUpdate?: boolean;
  /** Whether a PUT needs no resourceVersion. Default true. */
  readonly unconditionalUpdate?: boolean;
  /** Whether metadata.generation counts changes of everything but metadata and status. */
  readonly tracksGeneration?: boolean;

  /** Fills what upstream's SetDefaults fills. Mutates; idempotent; called on every decode of a request body. */
  applyDefaults?(object: T): void;
  /** Clears or sets what a client may not choose (status on create and so on). Mutates. */
  prepareForCreate?(object: T, context: WriteContext): void;
  /** Main resource update; the registry has already kept the old status where /status is a subresource. Mutates. */
  prepareForUpdate?(object: T, old: T, context: WriteContext): void;
  /** /status update; the registry has already kept everything but status and, of metadata, what status may change. */
  prepareForStatusUpdate?(object: T, old: T, context: WriteContext): void;
  /** Errors of metadata.name; `prefix` for generateName. Default: DNS-1123 subdomain. */
  validateName?(name: string, prefix: boolean): readonly string[];
  /** Checks beyond types and required fields, for create and, on the new object, for update. */
  validate?(object: T): FieldError[];
  /** On creation, after `validate`. */
  validateCreate?(object: T): FieldError[];
  /** `warn` tells the client what is let through all the same. */
  validateUpdate?(object: T, old: T, warn: (message: string) => void): FieldError[];
  validateStatusUpdate?(object: T, old: T, warn: (message: string) => void): FieldError[];
  /** Non-fatal remarks for the client's Warning header. */
  warnings?(object: T): readonly string[];

  /** Selectable fields besides metadata.name and metadata.namespace. A selector on another field is a 400. */
  readonly selectableFields?: Readonly<Record<string, (object: T) => string>>;
  /**
   * Seconds between the delete request and removal: above 0 the object is only marked with deletionTimestamp and its
   * node agent removes it (Pod). Default 0.
   */
  deletionGracePeriod?(object: T, options: DeleteOptionsLike): number;
  /** Deletion only marks the object until this says true (Namespace with its spec.finalizers). */
  mayRemove?(object: T): boolean;
  /** What marking with deletionTimestamp changes besides metadata (a Namespace becomes Terminating). Mutates. */
  markDeleted?(object: T): void;
  /** Default propagation where the client names none. Default Background. */
  readonly defaultPropagation?: "Background" | "Orphan";
  /** For who deletes without saying what becomes of dependents. */
  readonly deletionWarning?: string;

  /** Empty: name and creation time, as upstream for kinds without a printer. */
  readonly columns?: readonly Column<T>[];
}

/** Erases T so that definitions of different kinds share one list. */
export function defineKind<T extends KubernetesObject>(definition: KindDefinition<T>): KindDefinition {
  return definition as unknown as KindDefinition;
}
