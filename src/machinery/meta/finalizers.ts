/** Finalizers by which a deletion's propagation policy is remembered until the garbage collector has carried it out. */
export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";
