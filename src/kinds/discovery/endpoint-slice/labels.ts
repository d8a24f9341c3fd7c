/** The Service that a slice belongs to. */
export const serviceNameLabel = "kubernetes.io/service-name";
/** Who keeps a slice, and alone may change it. */
export const managedByLabel = "endpointslice.kubernetes.io/managed-by";
