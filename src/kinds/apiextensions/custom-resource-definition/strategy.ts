/** Status is the controllers', but that every version that was ever stored is remembered. */
import type { CustomResourceDefinition } from "../../generated/apiextensions-v1.ts";

/** Held until all objects of the definition are gone. */
export const cleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

function rememberStorageVersion(definition: CustomResourceDefinition): void {
  const stored = definition.spec?.versions?.find(({ storage }) => storage)?.name;
  const known = definition.status?.storedVersions ?? [];
  if (stored === undefined || known.includes(stored)) return;
  definition.status = { ...definition.status, storedVersions: [...known, stored] };
}

export function prepareForCreate(definition: CustomResourceDefinition): void {
  definition.status = {};
  rememberStorageVersion(definition);
}

export const prepareForUpdate: (definition: CustomResourceDefinition) => void = rememberStorageVersion;

/** A first deletion only marks: the API server empties the definition and then takes the finalizer off. */
export function mayRemove({ metadata }: CustomResourceDefinition): boolean {
  return metadata?.deletionTimestamp !== undefined && !metadata.finalizers?.includes(cleanupFinalizer);
}

export function markDeleted(definition: CustomResourceDefinition): void {
  const { metadata } = definition;
  if (metadata === undefined || metadata.finalizers?.includes(cleanupFinalizer)) return;
  metadata.finalizers = [...(metadata.finalizers ?? []), cleanupFinalizer];
  const conditions = definition.status?.conditions?.filter(({ type }) => type !== "Terminating") ?? [];
  const condition = {
    type: "Terminating",
    status: "True",
    lastTransitionTime: metadata.deletionTimestamp,
    reason: "InstanceDeletionPending",
    message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
  };
  definition.status = { ...definition.status, conditions: [...conditions, condition] };
}
