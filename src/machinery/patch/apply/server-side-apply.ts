/**
 * Server-side apply and the tracking of field owners on all other writes. The registry calls applyConfiguration for
 * `application/apply-patch+yaml` and trackUpdate after every create, update and patch; both give the new
 * metadata.managedFields. Semantics of structured-merge-diff's merge.Updater and apimachinery's managedfields, for
 * objects that are stored in one version.
 */
import { badRequest } from "../../errors/status-error.ts";
import { deepEqual } from "../../meta/accessors.ts";
import type { ManagedFieldsEntry, UnknownObject } from "../../meta/object.ts";
import type { SchemaTable } from "../../schema/types.ts";
import { FieldSet } from "./field-set.ts";
import {
  applyConflict,
  type Conflict,
  decodeManagedFields,
  encodeManagedFields,
  type Manager,
  type Managers,
  managerKey,
} from "./managed-fields.ts";
import { type Shape, shapeOfType } from "./shape.ts";
import { compare, merge, removeItems, toFieldSet, withNamedFields } from "./typed-value.ts";

export interface WriteBy {
  readonly schemas: SchemaTable;
  readonly typeName: string;
  readonly apiVersion: string;
  readonly manager: string;
  /** `status`; empty for the object itself. */
  readonly subresource?: string;
  /** RFC 3339, in whole seconds. */
  readonly time: string;
  /** Fields that this endpoint does not write (status on the main resource): never owned through it. */
  readonly ignored?: FieldSet;
}

/** More managers of updates than this are merged into one, the oldest first. */
const maximumUpdateManagers = 10;
const ancientManager = "ancient-changes";
const beforeFirstApply = "before-first-apply";

/** Fields that nobody owns. */
const unowned = FieldSet.of(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map((name) => ["f:metadata", `f:${name}`]),
);

/**
 * The live object with the configuration merged in, fields that the manager applied before and left out now removed,
 * and the new owners. undefined: nothing changes. `live` is undefined on creation. Throws StatusError 409 on
 * conflicts without `force`, 400 on configurations that cannot be merged.
 */
export function applyConfiguration(
  live: UnknownObject | undefined,
  configuration: UnknownObject,
  write: WriteBy & { readonly force: boolean },
): UnknownObject | undefined {
  if (configuration.metadata?.managedFields !== undefined) throw badRequest("metadata.managedFields must be nil");
  const shape = shapeOfType(write.schemas, write.typeName);
  const before = withoutManagedFields(live ?? { apiVersion: configuration.apiVersion, kind: configuration.kind });
  const managers = managersBeforeApply(live, write);
  const identity = identityOf(write, "Apply");
  const key = managerKey(identity);
  const last = managers.get(key);
  const { merged, set } = mergeConfiguration(before, configuration, shape);
  const applied = set.recursiveDifference(write.ignored ?? new FieldSet());
  managers.set(key, { ...identity, time: last?.time, set: applied });
  const after = last === undefined ? merged : prune(merged, shape, managers, last.set);
  settle(before, after, shape, managers, { key, force: write.force, ignored: write.ignored });
  const unchanged = live !== undefined && deepEqual(before, after);
  const owned = managers.get(key)?.set.difference(unowned) ?? new FieldSet();
  const time = unchanged && last?.set.equals(owned) ? last.time : write.time;
  if (owned.empty) managers.delete(key);
  else managers.set(key, { ...identity, time, set: owned });
  const managedFields = encodeManagedFields(managers);
  if (unchanged && deepEqual(managedFields, live.metadata?.managedFields)) return undefined;
  return withManagedFields(after, managedFields);
}

/** An object that nobody was seen to write belongs to a manager of that name before it is first applied to. */
function managersBeforeApply(live: UnknownObject | undefined, write: WriteBy): Managers {
  const managers = decodeManagedFields(live?.metadata?.managedFields);
  if (live === undefined || managers.size > 0) return managers;
  const entries = trackUpdate(undefined, withoutManagedFields(live), {
    ...write,
    manager: beforeFirstApply,
    subresource: "",
  });
  return decodeManagedFields(entries);
}

function mergeConfiguration(
  before: UnknownObject,
  configuration: UnknownObject,
  shape: Shape,
): { merged: UnknownObject; set: FieldSet } {
  try {
    return { merged: merge(before, configuration, shape) as UnknownObject, set: toFieldSet(configuration, shape) };
  } catch (cause) {
    throw badRequest(`failed to create typed patch object: ${(cause as Error).message}`, { cause });
  }
}

/**
 * managedFields after a write that was no apply: what it added or modified is the manager's, what others owned and it
 * changed is theirs no more. `given` are the entries of the request's object, which a client may have edited.
 */
export function trackUpdate(
  live: UnknownObject | undefined,
  updated: UnknownObject,
  write: WriteBy,
): ManagedFieldsEntry[] | undefined {
  const shape = shapeOfType(write.schemas, write.typeName);
  const given = write.subresource ? undefined : updated.metadata?.managedFields;
  if (given?.length === 1 && Object.keys(given[0] ?? {}).length === 0) return undefined;
  const edited = decodeManagedFields(given);
  const managers = edited.size > 0 ? edited : decodeManagedFields(live?.metadata?.managedFields);
  const before = withoutManagedFields(live ?? { apiVersion: updated.apiVersion, kind: updated.kind });
  const after = withoutManagedFields(updated);
  const changes = settle(before, after, shape, managers, { key: "", force: true, ignored: write.ignored });
  const identity = identityOf(write, "Update");
  const key = managerKey(identity);
  const touched = changes.modified.union(changes.added).difference(unowned);
  if (!touched.empty) {
    const previous = managers.get(key)?.set ?? new FieldSet();
    managers.set(key, { ...identity, time: write.time, set: previous.union(touched) });
  }
  capUpdateManagers(managers);
  return encodeManagedFields(managers);
}

function identityOf(
  { manager, apiVersion, subresource = "" }: WriteBy,
  operation: "Apply" | "Update",
): Omit<Manager, "time" | "set"> {
  return { manager, operation, apiVersion, subresource };
}

interface SettleOptions {
  readonly key: string;
  readonly force: boolean;
  readonly ignored?: FieldSet | undefined;
}

/** Takes what changed from its former owners, or refuses where that needs force. Mutates `managers`. */
function settle(
  before: unknown,
  after: unknown,
  shape: Shape,
  managers: Managers,
  { key, force, ignored }: SettleOptions,
): { modified: FieldSet; added: FieldSet } {
  const all = compare(before, after, shape);
  const without = (set: FieldSet): FieldSet => (ignored === undefined ? set : set.recursiveDifference(ignored));
  const [modified, added, removed] = [without(all.modified), without(all.added), without(all.removed)];
  const changed = modified.union(added);
  const conflicts: Conflict[] = [];
  const remaining: Managers = new Map();
  for (const [otherKey, other] of managers) {
    if (otherKey === key) continue;
    const contested = other.set.intersection(changed);
    for (const path of contested.paths()) conflicts.push({ manager: other, path });
    const lost = contested.union(other.set.intersection(removed));
    if (lost.empty) remaining.set(otherKey, other);
    else remaining.set(otherKey, { ...other, set: other.set.difference(lost), fields: undefined });
  }
  if (!force && conflicts.length > 0) throw applyConflict(conflicts);
  for (const [otherKey, other] of remaining) {
    if (other.set.empty) managers.delete(otherKey);
    else managers.set(otherKey, other);
  }
  return { modified, added };
}

/** Removes what the manager applied last and no longer does, unless another manager owns it. */
function prune(merged: UnknownObject, shape: Shape, managers: Managers, last: FieldSet): UnknownObject {
  if (last.empty) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(set, shape);
  const removed = removeItems(merged, named(last), shape);
  const owned = FieldSet.unionOf(Array.from(managers.values(), ({ set }) => set));
  const mergedSet = named(toFieldSet(merged, shape));
  const keep = named(toFieldSet(removed, shape)).union(named(owned));
  const pruned = removeItems(merged, mergedSet.difference(keep), shape);
  const dangling = mergedSet.difference(named(toFieldSet(pruned, shape))).intersection(named(last));
  return (removeItems(merged, dangling, shape) ?? {}) as UnknownObject;
}

function capUpdateManagers(managers: Managers): void {
  const updaters = [...managers].filter(([, { operation }]) => operation === "Update");
  updaters.sort(([a, { time: earlier = "" }], [b, { time: later = "" }]) => (earlier + a < later + b ? -1 : 1));
  if (updaters.length <= maximumUpdateManagers) return;
  const merged = new Map<string, { bucket: Manager; sets: FieldSet[] }>();
  for (const [key, oldest] of updaters.slice(0, updaters.length - maximumUpdateManagers + 1)) {
    managers.delete(key);
    const bucket = { ...oldest, manager: ancientManager, subresource: "", fields: undefined };
    const bucketKey = managerKey(bucket);
    const sets = merged.get(bucketKey)?.sets ?? [];
    sets.push(oldest.set);
    merged.set(bucketKey, { bucket, sets });
  }
  for (const [key, { bucket, sets }] of merged) {
    const known = managers.get(key)?.set;
    managers.set(key, { ...bucket, set: FieldSet.unionOf(known === undefined ? sets : [...sets, known]) });
  }
}

function withoutManagedFields(object: UnknownObject): UnknownObject {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

function withManagedFields(object: UnknownObject, managedFields: ManagedFieldsEntry[] | undefined): UnknownObject {
  return { ...object, metadata: { ...object.metadata, ...(managedFields === undefined ? {} : { managedFields }) } };
}
