import { formatTime } from "../../lib/clock.ts";
import { invalidValue, notSupported } from "../../machinery/errors/field-error.ts";
import { conflict, invalid, notFound, type Status, StatusError } from "../../machinery/errors/status-error.ts";
import { deepCopy } from "../../machinery/meta/accessors.ts";
import { foregroundFinalizer, orphanFinalizer } from "../../machinery/meta/finalizers.ts";
import type { ObjectMeta, UnknownObject } from "../../machinery/meta/object.ts";
import type { AdmissionPlugin } from "../types.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import { completeForStorage } from "./complete.ts";
import type { ObjectWrites } from "./object-writes.ts";
import type { ServedResource } from "./resources.ts";
import { admit, type WriteRequest } from "./write-request.ts";

/** metav1.DeleteOptions. */
export interface DeleteOptions extends UnknownObject {
  gracePeriodSeconds?: number;
  propagationPolicy?: string;
  orphanDependents?: boolean;
  preconditions?: { uid?: string; resourceVersion?: string };
  dryRun?: string[];
}

const policies = ["Background", "Foreground", "Orphan"];
const raceAttempts = 10;

export interface DeleteResult {
  /** False: marked, and removed later by who holds a finalizer or the grace period. */
  readonly removed: boolean;
  /** The last state. */
  readonly object: CachedObject;
}

/** Throws StatusError Invalid. */
export function validateDeleteOptions({ propagationPolicy, orphanDependents }: DeleteOptions): void {
  const errors = [];
  if (propagationPolicy !== undefined && orphanDependents !== undefined) {
    const detail = "orphanDependents and deletionPropagation cannot be both set";
    errors.push(invalidValue("propagationPolicy", propagationPolicy, detail));
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    errors.push(notSupported("propagationPolicy", propagationPolicy, [...policies, "nil"]));
  }
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", errors);
}

export class Deleter {
  readonly #writes: ObjectWrites;
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(writes: ObjectWrites, plugins: readonly AdmissionPlugin[]) {
    this.#writes = writes;
    this.#plugins = plugins;
  }

  /**
   * Removes the object, or marks it with deletionTimestamp where finalizers, a grace period or the kind want that.
   * Tries again when the object changes meanwhile. Rejects with StatusError NotFound, Conflict on a precondition, and
   * what admission says.
   */
  async delete(write: WriteRequest, options: DeleteOptions): Promise<DeleteResult> {
    const { deletionWarning } = write.resource.kind;
    const unsaid = options.propagationPolicy === undefined && options.orphanDependents === undefined;
    if (deletionWarning !== undefined && unsaid) write.warn(deletionWarning);
    for (let attempt = 1; ; attempt++) {
      const current = write.resource.get(write.namespace, write.name);
      if (current === undefined) throw notFound(write.resource.name, write.name);
      try {
        return await this.#deleteOnce(write, options, current);
      } catch (error) {
        const lost = error instanceof StatusError && error.reason === "Conflict";
        const moved = write.resource.get(write.namespace, write.name) !== current;
        if (!lost || !moved || attempt === raceAttempts) throw error;
      }
    }
  }

  async #deleteOnce(write: WriteRequest, options: DeleteOptions, current: CachedObject): Promise<DeleteResult> {
    const { resource } = write;
    const { kind } = resource;
    const old = resource.decode(current);
    checkPreconditions(resource, old, options);
    for (const stage of ["admit", "validate"] as const) {
      const pending = admit(this.#plugins, stage, "DELETE", write, { object: undefined, oldObject: old });
      if (pending !== undefined) await pending;
    }
    const object = { ...old, metadata: deepCopy(old.metadata ?? {}) };
    const { metadata } = object;
    const grace = graceOf(write, old, options);
    if (grace === "pending") return { removed: false, object: current };
    setCollectionFinalizers(write, metadata, options);
    const held = (metadata.finalizers?.length ?? 0) > 0 || kind.mayRemove?.(object) === false;
    if (grace === 0 && !held)
      return { removed: true, object: await this.#writes.remove(resource, current, write.dryRun) };
    const changed = markDeleted(metadata, old.metadata ?? {}, grace, write.now);
    kind.markDeleted?.(object);
    if (!changed) return { removed: false, object: current };
    const complete = deepCopy(completeForStorage(kind, object));
    return { removed: false, object: await this.#writes.update(resource, complete, current, write) };
  }
}

function checkPreconditions(
  { kind, name: resource }: ServedResource,
  old: UnknownObject,
  options: DeleteOptions,
): void {
  const { uid, resourceVersion, name = "" } = old.metadata ?? {};
  const about = { group: resource.group, plural: kind.kind };
  const wanted = options.preconditions;
  if (wanted?.uid !== undefined && wanted.uid !== uid) {
    throw conflict(
      about,
      name,
      `the UID in the precondition (${wanted.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`,
    );
  }
  if (wanted?.resourceVersion !== undefined && wanted.resourceVersion !== resourceVersion) {
    throw conflict(
      about,
      name,
      `the ResourceVersion in the precondition (${wanted.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
    );
  }
}

/** Seconds of grace; "pending" where a deletion is under way that this one does not shorten. */
function graceOf({ resource }: WriteRequest, old: UnknownObject, options: DeleteOptions): number | "pending" {
  const { kind } = resource;
  if (kind.deletionGracePeriod === undefined) return 0;
  const asked = options.gracePeriodSeconds;
  const wanted = asked !== undefined && asked < 0 ? 1 : asked;
  const running = old.metadata?.deletionTimestamp === undefined ? undefined : old.metadata.deletionGracePeriodSeconds;
  if (old.metadata?.deletionTimestamp === undefined) {
    return kind.deletionGracePeriod(old, wanted === undefined ? {} : { gracePeriodSeconds: wanted });
  }
  if (running === undefined || running === 0) return 0;
  return wanted === undefined || wanted >= running ? "pending" : wanted;
}

/** Puts the garbage collector's finalizers as the options, what is there, and the kind's default say. */
function setCollectionFinalizers({ resource }: WriteRequest, metadata: ObjectMeta, options: DeleteOptions): void {
  const finalizers = metadata.finalizers ?? [];
  const policy = propagation(finalizers, options, resource.kind.defaultPropagation ?? "Background");
  const kept = finalizers.filter((one) => one !== orphanFinalizer && one !== foregroundFinalizer);
  if (policy === "Orphan") kept.push(orphanFinalizer);
  if (policy === "Foreground") kept.push(foregroundFinalizer);
  if (kept.length === 0) delete metadata.finalizers;
  else metadata.finalizers = kept;
}

function propagation(finalizers: readonly string[], options: DeleteOptions, byDefault: string): string {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? "Orphan" : "Background";
  if (options.propagationPolicy !== undefined) return options.propagationPolicy;
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  if (finalizers.includes(foregroundFinalizer)) return "Foreground";
  return byDefault;
}

const lastTime = Date.parse("9999-12-31T23:59:59Z");

/** Whether anything changed. */
function markDeleted(metadata: ObjectMeta, old: ObjectMeta, grace: number, now: number): boolean {
  if (old.deletionTimestamp === undefined && metadata.generation) metadata.generation += 1;
  const requested = old.deletionTimestamp === undefined ? now : Date.parse(old.deletionTimestamp);
  const before = old.deletionTimestamp === undefined ? 0 : Number(old.deletionGracePeriodSeconds ?? 0);
  // A period of 64 bits would lead beyond the years that a time can name.
  const due = Math.min(Math.max(requested - before * 1000 + Number(grace) * 1000, now), lastTime);
  if (old.deletionTimestamp === undefined || Date.parse(old.deletionTimestamp) > due) {
    metadata.deletionTimestamp = formatTime(due);
  }
  metadata.deletionGracePeriodSeconds = grace;
  return (
    metadata.deletionTimestamp !== old.deletionTimestamp ||
    metadata.deletionGracePeriodSeconds !== old.deletionGracePeriodSeconds ||
    metadata.finalizers?.join() !== old.finalizers?.join()
  );
}

/** The Status that answers a removal. */
export function deletedStatus({ name: resource }: ServedResource, object: CachedObject): Status {
  const { name = "", uid } = object.object.metadata ?? {};
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: {
      name,
      ...(resource.group === "" ? {} : { group: resource.group }),
      kind: resource.plural,
      uid,
    },
  };
}

/** Kinds whose removal is answered with the object instead of a Status, as upstream. */
const answeredWithObject = new Set([
  "/namespaces",
  "/persistentvolumeclaims",
  "/persistentvolumes",
  "/pods",
  "/podtemplates",
  "/resourcequotas",
  "/serviceaccounts",
  "/services",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/resourceclaims",
  "resource.k8s.io/resourceclaimtemplates",
  "resource.k8s.io/resourceslices",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/storageclasses",
  "storage.k8s.io/volumeattachments",
  "storage.k8s.io/volumeattributesclasses",
]);

export function answersWithObject({ name: { group, plural } }: ServedResource): boolean {
  return answeredWithObject.has(`${group}/${plural}`);
}
