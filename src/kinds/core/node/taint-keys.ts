/** Keys of the taints that a node's conditions bring. */
export const notReadyTaint = "node.kubernetes.io/not-ready";
export const unreachableTaint = "node.kubernetes.io/unreachable";
export const unschedulableTaint = "node.kubernetes.io/unschedulable";
export const memoryPressureTaint = "node.kubernetes.io/memory-pressure";
export const diskPressureTaint = "node.kubernetes.io/disk-pressure";
export const processPressureTaint = "node.kubernetes.io/pid-pressure";
export const networkUnavailableTaint = "node.kubernetes.io/network-unavailable";
