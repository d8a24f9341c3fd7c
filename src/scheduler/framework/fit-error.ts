import type { Rejection } from "./types.ts";

/** Why a pod found no node: for its event, its condition, and the queue, which waits for events of these plugins. */
export interface Diagnosis {
  readonly nodeCount: number;
  /** Node name to why; absent where a rejection holds for all. */
  readonly nodes: ReadonlyMap<string, Rejection>;
  /** A plugin's word that no node will do. */
  readonly everywhere: Rejection | undefined;
  readonly plugins: ReadonlySet<string>;
}

/** `0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient cpu.`, in upstream's words and order. */
export function fitMessage({
  nodeCount,
  nodes,
  everywhere,
}: Pick<Diagnosis, "nodeCount" | "nodes" | "everywhere">): string {
  if (nodeCount === 0) return "no nodes available to schedule pods";
  const start = `0/${nodeCount} nodes are available:`;
  if (everywhere !== undefined) return `${start} ${everywhere.reasons.join(", ")}.`;
  const reasons = new Map<string, number>();
  for (const rejection of nodes.values()) {
    for (const reason of rejection.reasons) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const counted = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
  return counted.length === 0 ? start : `${start} ${counted.join(", ")}.`;
}
