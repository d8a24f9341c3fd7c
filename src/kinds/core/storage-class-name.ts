/** Names the storage class of a claim or volume from the time before spec.storageClassName. */
export const storageClassAnnotation = "volume.beta.kubernetes.io/storage-class";

/** The storage class that the annotation of old names, or else the field. */
export function storageClassOf(object: {
  metadata?: { annotations?: Record<string, string> | undefined } | undefined;
  spec?: { storageClassName?: string | undefined } | undefined;
}): string {
  return object.metadata?.annotations?.[storageClassAnnotation] ?? object.spec?.storageClassName ?? "";
}
