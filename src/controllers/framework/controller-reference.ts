import type { ResourceRef } from "../../client/types.ts";
import {
  formatApiVersion,
  type KubernetesObject,
  type ObjectMeta,
  type OwnerReference,
} from "../../machinery/meta/object.ts";

/** metav1.NewControllerRef. */
export function newControllerReference(
  resource: ResourceRef<KubernetesObject>,
  owner: KubernetesObject,
): OwnerReference {
  const { name = "", uid = "" } = owner.metadata ?? {};
  const apiVersion = formatApiVersion(resource);
  return { apiVersion, kind: resource.kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** Metadata that every stored object has, read without a chain of optional marks. */
export function metaOf(object: KubernetesObject): ObjectMeta & { name: string; namespace: string; uid: string } {
  const metadata = object.metadata ?? {};
  return { ...metadata, name: metadata.name ?? "", namespace: metadata.namespace ?? "", uid: metadata.uid ?? "" };
}

/** Oldest first; names decide between objects of one second. */
export function byCreation(a: KubernetesObject, b: KubernetesObject): number {
  const left = a.metadata?.creationTimestamp ?? "";
  const right = b.metadata?.creationTimestamp ?? "";
  if (left !== right) return left < right ? -1 : 1;
  return (a.metadata?.name ?? "") < (b.metadata?.name ?? "") ? -1 : 1;
}
