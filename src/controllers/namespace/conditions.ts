import type { NamespaceCondition } from "../../kinds/generated/core-v1.ts";

/** What deleting a namespace's content came to. */
export interface DeletionReport {
  discoveryError?: string;
  readonly errors: string[];
  /** `pods.` to how many are left; the text after the dot is the group. */
  readonly remaining: Map<string, number>;
  readonly finalizers: Map<string, number>;
}

interface Outcome {
  readonly reason: string;
  readonly message: string;
}

const successes: Readonly<Record<string, Outcome>> = {
  NamespaceDeletionDiscoveryFailure: {
    reason: "ResourcesDiscovered",
    message: "All resources successfully discovered",
  },
  NamespaceDeletionGroupVersionParsingFailure: {
    reason: "ParsedGroupVersions",
    message: "All legacy kube types successfully parsed",
  },
  NamespaceDeletionContentFailure: {
    reason: "ContentDeleted",
    message: "All content successfully deleted, may be waiting on finalization",
  },
  NamespaceContentRemaining: { reason: "ContentRemoved", message: "All content successfully removed" },
  NamespaceFinalizersRemaining: {
    reason: "ContentHasNoFinalizers",
    message: "All content-preserving finalizers finished",
  },
};

function failures({ discoveryError, errors, remaining, finalizers }: DeletionReport): Record<string, Outcome> {
  const found: Record<string, Outcome> = {};
  if (discoveryError !== undefined) {
    found["NamespaceDeletionDiscoveryFailure"] = { reason: "DiscoveryFailed", message: discoveryError };
  }
  if (errors.length > 0) {
    const message = `Failed to delete all resource types, ${errors.length} remaining: ${[...errors].sort().join(", ")}`;
    found["NamespaceDeletionContentFailure"] = { reason: "ContentDeletionFailed", message };
  }
  if (remaining.size > 0) {
    const list = [...remaining].map(([resource, count]) => `${resource} has ${count} resource instances`).sort();
    const message = `Some resources are remaining: ${list.join(", ")}`;
    found["NamespaceContentRemaining"] = { reason: "SomeResourcesRemain", message };
  }
  if (finalizers.size > 0) {
    const list = [...finalizers].map(([name, count]) => `${name} in ${count} resource instances`).sort();
    const message = `Some content in the namespace has finalizers remaining: ${list.join(", ")}`;
    found["NamespaceFinalizersRemaining"] = { reason: "SomeFinalizersRemain", message };
  }
  return found;
}

/** All five conditions of a namespace under deletion; those that do not change keep their transition time. */
export function deletionConditions(
  present: readonly NamespaceCondition[],
  report: DeletionReport,
  now: string,
): NamespaceCondition[] {
  const failed = failures(report);
  const others = present.filter(({ type }) => successes[type] === undefined);
  const ours = Object.entries(successes).map(([type, success]) => {
    const status = failed[type] === undefined ? "False" : "True";
    const old = present.find((condition) => condition.type === type);
    const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
    return { type, status, lastTransitionTime, ...(failed[type] ?? success) };
  });
  return [...others, ...ours];
}
