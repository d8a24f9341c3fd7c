/** A namespace lives until its finalizers are gone: the namespace controller empties it, then finalizes it. */
import type { Namespace } from "../../generated/core-v1.ts";

const kubernetesFinalizer = "kubernetes";

export function prepareForCreate(namespace: Namespace): void {
  namespace.status = { phase: "Active" };
  namespace.spec ??= {};
  const finalizers = namespace.spec.finalizers ?? [];
  namespace.spec.finalizers = finalizers.includes(kubernetesFinalizer)
    ? finalizers
    : [...finalizers, kubernetesFinalizer];
  // A generated name is known only now.
  const metadata = namespace.metadata;
  if (metadata?.name) metadata.labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name };
}

/** Finalizers change through the finalize subresource alone. */
export function prepareForUpdate(namespace: Namespace, old: Namespace): void {
  namespace.spec = { ...namespace.spec, finalizers: old.spec?.finalizers };
}

export function mayRemove({ spec }: Namespace): boolean {
  return (spec?.finalizers ?? []).length === 0;
}

export function markDeleted(namespace: Namespace): void {
  namespace.status = { ...namespace.status, phase: "Terminating" };
}
