/** On a claim whose binding to its volume is complete. */
export const bindCompletedAnnotation = "pv.kubernetes.io/bind-completed";
/** The scheduler's choice, which a volume that waits for its first consumer is made or found for. */
export const selectedNodeAnnotation = "volume.kubernetes.io/selected-node";
