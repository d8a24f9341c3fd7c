/** Names the storage class of a claim or volume from the time before spec.storageClassName. */
export const storageClassAnnotation = "volume.beta.kubernetes.io/storage-class";

interface Classed {
  metadata?: { annotations?: Record<string, string> | undefined } | undefined;
  spec?: { storageClassName?: string | undefined } | undefined;
}

/** Whether an object says which class it has; an empty name says none, and is not for a default to replace. */
export const namesStorageClass = ({ metadata, spec }: Classed): boolean =>
  metadata?.annotations?.[storageClassAnnotation] !== undefined || spec?.storageClassName !== undefined;

/** The storage class that the annotation of old names, or else the field. */
export function storageClassOf(object: Classed): string {
  return object.metadata?.annotations?.[storageClassAnnotation] ?? object.spec?.storageClassName ?? "";
}
