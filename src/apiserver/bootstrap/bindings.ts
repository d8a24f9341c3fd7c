/** Which users, groups and accounts hold the default roles. Subject syntax: rule-table.ts. */
import type { BindingEntry } from "./rule-table.ts";

export const bindings: readonly BindingEntry[] = [
  {
    name: "cluster-admin",
    role: "cluster-admin",
    subjects: ["Group system:masters"],
  },
  {
    name: "system:basic-user",
    role: "system:basic-user",
    subjects: ["Group system:authenticated"],
  },
  {
    name: "system:discovery",
    role: "system:discovery",
    subjects: ["Group system:authenticated"],
  },
  {
    name: "system:kube-controller-manager",
    role: "system:kube-controller-manager",
    subjects: ["User system:kube-controller-manager"],
  },
  {
    name: "system:kube-dns",
    role: "system:kube-dns",
    subjects: ["ServiceAccount kube-system/kube-dns"],
  },
  {
    name: "system:kube-scheduler",
    role: "system:kube-scheduler",
    subjects: ["User system:kube-scheduler"],
  },
  {
    name: "system:monitoring",
    role: "system:monitoring",
    subjects: ["Group system:monitoring"],
  },
  {
    name: "system:node",
    role: "system:node",
    subjects: [],
  },
  {
    name: "system:node-proxier",
    role: "system:node-proxier",
    subjects: ["User system:kube-proxy"],
  },
  {
    name: "system:public-info-viewer",
    role: "system:public-info-viewer",
    subjects: ["Group system:authenticated", "Group system:unauthenticated"],
  },
  {
    name: "system:service-account-issuer-discovery",
    role: "system:service-account-issuer-discovery",
    subjects: ["Group system:serviceaccounts"],
  },
  {
    name: "system:volume-scheduler",
    role: "system:volume-scheduler",
    subjects: ["User system:kube-scheduler"],
  },
  {
    name: "system:controller:bootstrap-signer",
    namespace: "kube-public",
    role: "system:controller:bootstrap-signer",
    subjects: ["ServiceAccount kube-system/bootstrap-signer"],
  },
  {
    name: "system::extension-apiserver-authentication-reader",
    namespace: "kube-system",
    role: "extension-apiserver-authentication-reader",
    subjects: ["User system:kube-controller-manager", "User system:kube-scheduler"],
  },
  {
    name: "system::leader-locking-kube-controller-manager",
    namespace: "kube-system",
    role: "system::leader-locking-kube-controller-manager",
    subjects: [
      "User system:kube-controller-manager",
      "ServiceAccount kube-system/kube-controller-manager",
      "ServiceAccount kube-system/leader-election-controller",
    ],
  },
  {
    name: "system::leader-locking-kube-scheduler",
    namespace: "kube-system",
    role: "system::leader-locking-kube-scheduler",
    subjects: ["User system:kube-scheduler", "ServiceAccount kube-system/kube-scheduler"],
  },
  {
    name: "system:controller:bootstrap-signer",
    namespace: "kube-system",
    role: "system:controller:bootstrap-signer",
    subjects: ["ServiceAccount kube-system/bootstrap-signer"],
  },
  {
    name: "system:controller:cloud-provider",
    namespace: "kube-system",
    role: "system:controller:cloud-provider",
    subjects: ["ServiceAccount kube-system/cloud-provider"],
  },
  {
    name: "system:controller:token-cleaner",
    namespace: "kube-system",
    role: "system:controller:token-cleaner",
    subjects: ["ServiceAccount kube-system/token-cleaner"],
  },
];
