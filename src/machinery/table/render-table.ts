/**
 * The Table form of objects (`application/json;as=Table;v=v1;g=meta.k8s.io`), which `kubectl get` asks for. Fed with
 * decoded objects and a kind's columns by the registry's reads and watches; http encodes the result.
 */
import { badRequest } from "../errors/status-error.ts";
import type { Column, KindDefinition } from "../kind.ts";
import type { KubernetesObject, ObjectMeta } from "../meta/object.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

export interface TableOptions {
  /** Milliseconds since the epoch, for ages. */
  readonly now: number;
  readonly include?: IncludeObject;
  /** Of the list, or of the single object: resourceVersion, continue, remainingItemCount. */
  readonly metadata?: ListMetadata | undefined;
  /** Of the requested form, `meta.k8s.io/v1`. */
  readonly apiVersion?: string;
  /** Whether columns are described; watches do it in the first event alone. Default true. */
  readonly headers?: boolean;
}

export interface ListMetadata {
  readonly resourceVersion?: string | undefined;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly format: string;
  readonly description: string;
  readonly priority: number;
}

export interface TableRow {
  readonly cells: readonly (string | number | bigint | boolean | null)[];
  readonly object: unknown;
}

/** metav1.Table. */
export interface Table {
  readonly kind: "Table";
  readonly apiVersion: string;
  readonly metadata: ListMetadata;
  readonly columnDefinitions: readonly TableColumn[] | null;
  readonly rows: readonly TableRow[];
}

const metaVersion = "meta.k8s.io/v1";
const nameDescription = "Name must be unique within a namespace.";

/** For kinds without a printer upstream (Role, LimitRange, …). */
const defaultColumns: readonly Column<KubernetesObject>[] = [
  { name: "Name", type: "string", format: "name", description: nameDescription, value: nameOf },
  { name: "Created At", type: "date", value: (object) => object.metadata?.creationTimestamp ?? "" },
];

function nameOf(object: KubernetesObject): string {
  return object.metadata?.name ?? "";
}

/** The value of the includeObject query parameter. Throws StatusError BadRequest. */
export function parseIncludeObject(text: string | null): IncludeObject {
  if (text === null || text === "") return "Metadata";
  if (text === "None" || text === "Metadata" || text === "Object") return text;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(text)}`);
}

/** Objects are not copied: rows share their metadata (or the whole object) with them. */
export function renderTable(kind: KindDefinition, objects: readonly KubernetesObject[], options: TableOptions): Table {
  const columns = columnsOf(kind);
  const { now, include = "Metadata", metadata = {}, apiVersion = metaVersion, headers = true } = options;
  return {
    kind: "Table",
    apiVersion,
    metadata,
    columnDefinitions: headers ? columns.map(describeColumn) : null,
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.value(object, now) ?? null),
      object: rowObject(object, include, apiVersion),
    })),
  };
}

function columnsOf(kind: KindDefinition): readonly Column<KubernetesObject>[] {
  return kind.columns === undefined || kind.columns.length === 0 ? defaultColumns : kind.columns;
}

function describeColumn(column: Column<KubernetesObject>): TableColumn {
  const { name, type, format = "", priority = 0 } = column;
  const description = column.description ?? (name === "Name" ? nameDescription : "");
  return { name, type, format, description, priority };
}

function rowObject(object: KubernetesObject, include: IncludeObject, apiVersion: string): unknown {
  if (include === "Object") return object;
  return include === "None" ? null : partialMetadata(object, apiVersion);
}

export interface PartialObjectMetadata {
  readonly kind: "PartialObjectMetadata";
  readonly apiVersion: string;
  readonly metadata: ObjectMeta;
}

/** The form of an object that carries its metadata alone. */
export function partialMetadata(object: KubernetesObject, apiVersion = metaVersion): PartialObjectMetadata {
  return { kind: "PartialObjectMetadata", apiVersion, metadata: object.metadata ?? {} };
}
