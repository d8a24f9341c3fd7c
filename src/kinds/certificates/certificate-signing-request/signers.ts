/** The signers that the control plane itself serves. */
export const clientSigner = "kubernetes.io/kube-apiserver-client";
export const kubeletClientSigner = "kubernetes.io/kube-apiserver-client-kubelet";
export const kubeletServingSigner = "kubernetes.io/kubelet-serving";
export const legacyUnknownSigner = "kubernetes.io/legacy-unknown";
