/** Access modes of volumes, as tables print them. */
const abbreviations = [
  ["ReadWriteOnce", "RWO"],
  ["ReadOnlyMany", "ROX"],
  ["ReadWriteMany", "RWX"],
  ["ReadWriteOncePod", "RWOP"],
] as const;

/** `RWO,RWX`: each mode once, in a fixed order. */
export function formatAccessModes(modes: readonly string[] | undefined): string {
  return abbreviations
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(",");
}

/** The storage class that the annotation of old names, or else the field. */
export function storageClassOf(object: {
  metadata?: { annotations?: Record<string, string> | undefined } | undefined;
  spec?: { storageClassName?: string | undefined } | undefined;
}): string {
  return (
    object.metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? object.spec?.storageClassName ?? ""
  );
}
