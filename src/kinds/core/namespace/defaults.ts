/** SetDefaults_Namespace and SetDefaults_NamespaceStatus. */
import type { Namespace } from "../../generated/core-v1.ts";

export function applyNamespaceDefaults(namespace: Namespace): void {
  namespace.metadata ??= {};
  const metadata = namespace.metadata;
  if (metadata.name) metadata.labels = { ...metadata.labels, "kubernetes.io/metadata.name": metadata.name };
  namespace.status ??= {};
  namespace.status.phase ||= "Active";
}
