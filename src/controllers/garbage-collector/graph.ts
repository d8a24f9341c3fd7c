import { foregroundFinalizer, orphanFinalizer } from "../../machinery/meta/finalizers.ts";
import type { OwnerReference } from "../../machinery/meta/object.ts";
import type { MetadataEntry } from "../framework/metadata-monitors.ts";

/** An object in the graph of owners and dependents. */
export interface GraphNode {
  readonly uid: string;
  /** Undefined: known only because others name it as their owner (virtual). */
  entry: MetadataEntry | undefined;
  /** How a dependent spoke of it, for looking a virtual one up. */
  reference: (OwnerReference & { readonly namespace: string }) | undefined;
  readonly dependents: Set<GraphNode>;
}

export const isDeletingDependents = ({ entry }: GraphNode): boolean =>
  entry?.deleting === true && entry.finalizers.includes(foregroundFinalizer);
export const isOrphaning = ({ entry }: GraphNode): boolean =>
  entry?.deleting === true && entry.finalizers.includes(orphanFinalizer);

/** What the collector must look at after a change of the graph. */
export interface GraphWork {
  /** Nodes that may have to be deleted, or whose deletion may go on. */
  readonly check: Iterable<GraphNode>;
  readonly orphan?: GraphNode;
}

/** Owners and dependents by uid, kept in step with the monitors. */
export class OwnershipGraph {
  readonly nodes = new Map<string, GraphNode>();

  upsert(entry: MetadataEntry, old: MetadataEntry | undefined): GraphWork {
    const node = this.#node(entry.uid);
    const wasVirtual = node.entry === undefined;
    const wasDeletingDependents = isDeletingDependents(node);
    node.entry = entry;
    const check = new Set<GraphNode>();
    const owners = new Map(entry.owners.map((reference) => [reference.uid, reference]));
    for (const reference of old?.owners ?? []) {
      const kept = owners.get(reference.uid);
      if (kept !== undefined && kept.blockOwnerDeletion === reference.blockOwnerDeletion) continue;
      const owner = this.nodes.get(reference.uid);
      if (kept === undefined) owner?.dependents.delete(node);
      // An owner in foreground deletion may have waited for this one.
      if (owner !== undefined && isDeletingDependents(owner)) check.add(owner);
    }
    for (const reference of entry.owners) {
      const owner = this.#node(reference.uid);
      owner.dependents.add(node);
      if (owner.entry !== undefined) continue;
      owner.reference ??= { ...reference, namespace: entry.namespace };
      check.add(owner);
    }
    if (owners.size > 0 && (wasVirtual || ownersChanged(entry, old))) check.add(node);
    if (isDeletingDependents(node)) {
      check.add(node);
      if (!wasDeletingDependents) for (const dependent of node.dependents) check.add(dependent);
    }
    return isOrphaning(node) ? { check, orphan: node } : { check };
  }

  remove(uid: string): GraphWork {
    const node = this.nodes.get(uid);
    if (node === undefined) return { check: [] };
    const check = new Set(node.dependents);
    for (const reference of node.entry?.owners ?? []) {
      const owner = this.nodes.get(reference.uid);
      owner?.dependents.delete(node);
      if (owner !== undefined && isDeletingDependents(owner)) check.add(owner);
      if (owner !== undefined && owner.entry === undefined && owner.dependents.size === 0) this.nodes.delete(owner.uid);
    }
    this.nodes.delete(uid);
    return { check };
  }

  #node(uid: string): GraphNode {
    const node = this.nodes.get(uid) ?? { uid, entry: undefined, reference: undefined, dependents: new Set() };
    this.nodes.set(uid, node);
    return node;
  }
}

function ownersChanged(entry: MetadataEntry, old: MetadataEntry | undefined): boolean {
  return JSON.stringify(entry.owners) !== JSON.stringify(old?.owners ?? []);
}
