/** Values of the classes system-node-critical and system-cluster-critical, above all that users may give. */
export const nodeCriticalPriority = 2_000_001_000;
export const clusterCriticalPriority = 2_000_000_000;
