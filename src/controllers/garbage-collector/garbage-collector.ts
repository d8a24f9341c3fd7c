/**
 * Deletes objects whose owners are gone: in the background, in the foreground (dependents first), or leaving
 * dependents as orphans, as the finalizers of a deleted owner say. Fed by metadata of every resource; follows
 * upstream's pkg/controller/garbagecollector.
 */
import type { Client, ResourceRef } from "../../client/types.ts";
import { createWorkQueue, type WorkQueue } from "../../client/work-queue.ts";
import { createLogger } from "../../lib/log.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { isConflict, isNotFound } from "../../machinery/errors/status-error.ts";
import { foregroundFinalizer, orphanFinalizer } from "../../machinery/meta/finalizers.ts";
import type { KubernetesObject, OwnerReference } from "../../machinery/meta/object.ts";
import type { Controller } from "../framework/define-controller.ts";
import type { MetadataEntry, MetadataMonitors } from "../framework/metadata-monitors.ts";
import { type GraphNode, type GraphWork, isDeletingDependents, isOrphaning, OwnershipGraph } from "./graph.ts";

const workers = 10;
const log = createLogger("garbage-collector");

interface Collector {
  readonly client: Client;
  readonly monitors: MetadataMonitors;
  readonly graph: OwnershipGraph;
  readonly queue: WorkQueue<string>;
}

export function createGarbageCollector(monitors: MetadataMonitors): Controller {
  return {
    name: "garbage-collector",
    async start({ client, clock }, signal) {
      const queue = createWorkQueue<string>({ clock });
      const collector: Collector = { client, monitors, graph: new OwnershipGraph(), queue };
      const enqueue = ({ check, orphan }: GraphWork): void => {
        for (const node of check) queue.add(node.uid);
        if (orphan !== undefined) queue.add(orphan.uid);
      };
      monitors.subscribe({
        changed: (entry, old) => enqueue(collector.graph.upsert(entry, old)),
        removed: (entry) => enqueue(collector.graph.remove(entry.uid)),
      });
      signal.addEventListener("abort", () => queue.shutDown(), { once: true });
      await monitors.start(client, clock, signal);
      for (let i = 0; i < workers; i++) void work(collector, signal);
    },
  };
}

async function work(collector: Collector, signal: AbortSignal): Promise<void> {
  const { queue, graph } = collector;
  for (;;) {
    const uid = await queue.get();
    if (uid === undefined) return;
    try {
      const node = graph.nodes.get(uid);
      if (node !== undefined) await collect(collector, node);
      queue.forget(uid);
    } catch (error) {
      if (signal.aborted) return;
      if (!isConflict(error)) log.warn("collecting failed, trying again", { uid, error });
      queue.addRateLimited(uid);
    } finally {
      queue.done(uid);
    }
  }
}

async function collect(collector: Collector, node: GraphNode): Promise<void> {
  const { entry } = node;
  if (entry === undefined) return resolveVirtual(collector, node);
  if (isOrphaning(node)) return orphanDependents(collector, node, entry);
  if (isDeletingDependents(node)) return finishForeground(collector, node, entry);
  if (entry.deleting || entry.owners.length === 0) return;
  const { solid, dangling, waiting } = await classifyOwners(collector, entry);
  if (solid.length > 0) {
    if (dangling.length + waiting.length > 0) await removeOwners(collector, entry, [...dangling, ...waiting]);
    return;
  }
  if (waiting.length > 0 && node.dependents.size > 0) {
    if (isInCircle(node) && isBlocking(entry)) return unblockOwners(collector, entry);
    return deleteObject(collector, entry, "Foreground");
  }
  const policy = entry.finalizers.includes(orphanFinalizer)
    ? "Orphan"
    : entry.finalizers.includes(foregroundFinalizer)
      ? "Foreground"
      : "Background";
  await deleteObject(collector, entry, policy);
}

/** An owner that only its dependents speak of: either its event is still to come, or it does not exist. */
async function resolveVirtual(collector: Collector, node: GraphNode): Promise<void> {
  const { reference } = node;
  if (reference === undefined || (await ownerExists(collector, reference, reference.namespace))) return;
  if (node.entry !== undefined) return;
  for (const dependent of node.dependents) collector.queue.add(dependent.uid);
}

interface OwnerClasses {
  readonly solid: OwnerReference[];
  /** The owner does not exist. */
  readonly dangling: OwnerReference[];
  /** The owner is in foreground deletion and waits for this object. */
  readonly waiting: OwnerReference[];
}

async function classifyOwners(collector: Collector, entry: MetadataEntry): Promise<OwnerClasses> {
  const classes: OwnerClasses = { solid: [], dangling: [], waiting: [] };
  for (const reference of entry.owners) {
    const owner = collector.graph.nodes.get(reference.uid);
    if (owner?.entry !== undefined) (isDeletingDependents(owner) ? classes.waiting : classes.solid).push(reference);
    else if (await ownerExists(collector, reference, entry.namespace)) classes.solid.push(reference);
    else classes.dangling.push(reference);
  }
  return classes;
}

/** Asks the server. An owner of a kind that it does not serve (now) counts as existing: nothing is deleted on a guess. */
async function ownerExists(
  { client, monitors }: Collector,
  owner: OwnerReference,
  namespace: string,
): Promise<boolean> {
  const resource = monitors.resourceOf(owner.apiVersion, owner.kind);
  if (resource === undefined) throw new Error(`no resource for ${owner.apiVersion} ${owner.kind}`);
  // A cluster-scoped object cannot be owned by one in a namespace.
  if (resource.namespaced && namespace === "") return true;
  try {
    const live = await client
      .of<KubernetesObject>(resource)
      .get(owner.name, resource.namespaced ? namespace : undefined);
    return live.metadata?.uid === owner.uid;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

async function finishForeground(collector: Collector, node: GraphNode, entry: MetadataEntry): Promise<void> {
  const blocking = [...node.dependents].filter(({ entry: dependent }) =>
    dependent?.owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion === true),
  );
  for (const dependent of blocking) if (dependent.entry?.deleting !== true) collector.queue.add(dependent.uid);
  if (blocking.length === 0) await removeFinalizer(collector, entry, foregroundFinalizer);
}

async function orphanDependents(collector: Collector, node: GraphNode, entry: MetadataEntry): Promise<void> {
  for (const { entry: dependent } of [...node.dependents]) {
    const reference = dependent?.owners.find(({ uid }) => uid === node.uid);
    if (dependent !== undefined && reference !== undefined) await removeOwners(collector, dependent, [reference]);
  }
  await removeFinalizer(collector, entry, orphanFinalizer);
}

/**
 * Whether a dependent waits for its own dependents already, so that each might wait for the other. It need not be a
 * circle: an owner that stops waiting too early does no harm.
 */
const isInCircle = ({ dependents }: GraphNode): boolean => [...dependents].some(isDeletingDependents);
const isBlocking = ({ owners }: MetadataEntry): boolean => owners.some((owner) => owner.blockOwnerDeletion === true);

/** The change of the references brings the object here again. */
async function unblockOwners({ client }: Collector, entry: MetadataEntry): Promise<void> {
  await change(client, entry, ({ ownerReferences = [] }) => ({
    ownerReferences: ownerReferences.map((owner) => ({ ...owner, blockOwnerDeletion: false })),
  }));
}

const resourceOf = ({ resource }: MetadataEntry): ResourceRef<KubernetesObject> => resource;
const namespaceOf = ({ namespace }: MetadataEntry): { namespace?: string } => (namespace === "" ? {} : { namespace });

/** With a merge patch against what the server has now: custom resources know no strategic one. */
async function removeOwners(
  { client }: Collector,
  entry: MetadataEntry,
  gone: readonly OwnerReference[],
): Promise<void> {
  const uids = new Set(gone.map(({ uid }) => uid));
  await change(client, entry, (metadata) => ({
    ownerReferences: (metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid)),
  }));
}

async function removeFinalizer({ client }: Collector, entry: MetadataEntry, finalizer: string): Promise<void> {
  await change(client, entry, (metadata) =>
    metadata.finalizers?.includes(finalizer)
      ? { finalizers: metadata.finalizers.filter((name) => name !== finalizer) }
      : undefined,
  );
}

type Metadata = NonNullable<KubernetesObject["metadata"]>;

async function change(
  client: Client,
  entry: MetadataEntry,
  next: (metadata: Metadata) => Partial<Metadata> | undefined,
): Promise<void> {
  const objects = client.of<KubernetesObject>(resourceOf(entry));
  const live = await ignoreNotFound(objects.get(entry.name, entry.namespace || undefined));
  if (live?.metadata?.uid !== entry.uid) return;
  const metadata = next(live.metadata);
  if (metadata === undefined) return;
  const patch = { metadata: { ...metadata, uid: entry.uid, resourceVersion: live.metadata.resourceVersion } };
  await ignoreNotFound(objects.patch(entry.name, patch, { type: "merge", ...namespaceOf(entry) }));
}

async function deleteObject(
  { client }: Collector,
  entry: MetadataEntry,
  propagationPolicy: "Orphan" | "Background" | "Foreground",
): Promise<void> {
  const { uid, resourceVersion } = entry;
  // The owners were judged by this version: if it has changed, a conflict makes us judge again.
  const preconditions = { uid, resourceVersion };
  await ignoreNotFound(
    client
      .of<KubernetesObject>(resourceOf(entry))
      .delete(entry.name, { propagationPolicy, preconditions, ...namespaceOf(entry) }),
  );
}
