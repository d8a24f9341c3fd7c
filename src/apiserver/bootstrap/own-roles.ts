/**
 * Roles beside upstream's. Here all controllers share one identity, system:kube-controller-manager, which upstream
 * splits over service accounts, so it holds every controller's role, and what the parts need that upstream runs as
 * add-ons: the Service of the cluster DNS, the readers' role of metrics-server. Nodes renew their certificates. Name
 * resolution on the nodes uses kube-proxy's identity, which every node has: what it may do, whoever has a node may.
 * Rule syntax: rule-table.ts.
 */
import { controllerRoles } from "./controller-roles.ts";
import type { BindingEntry, RoleEntry } from "./rule-table.ts";

export const ownRoles: readonly RoleEntry[] = [
  {
    name: "system:aggregated-metrics-reader",
    aggregateTo: "view edit admin",
    rules: ["get list watch | metrics.k8s.io | nodes pods"],
  },
  {
    name: "mini:controllers",
    rules: [
      ...new Set(controllerRoles.flatMap((role) => role.rules)),
      "create get list patch update watch | core | services",
      "create get list patch update watch | discovery.k8s.io | endpointslices",
      "get list patch watch | core | nodes",
      "approve | certificates.k8s.io | signers | kubernetes.io/kube-apiserver-client kubernetes.io/kubelet-serving",
    ],
  },
  {
    name: "mini:node-serving-renewal",
    rules: ["create | certificates.k8s.io | certificatesigningrequests/selfnodeserver"],
  },
  {
    name: "mini:node-network",
    rules: [
      "get list watch | core | namespaces",
      "create get | certificates.k8s.io | certificatesigningrequests",
      "create | certificates.k8s.io | certificatesigningrequests/selfproxyclient",
    ],
  },
];

/** Who joins with a bootstrap token is approved where an administrator binds `nodeclient` to them, and not before. */
export const ownBindings: readonly BindingEntry[] = [
  {
    name: "mini:node-client-renewal",
    role: "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    subjects: ["Group system:nodes"],
  },
  { name: "mini:node-serving-renewal", role: "mini:node-serving-renewal", subjects: ["Group system:nodes"] },
  { name: "mini:controllers", role: "mini:controllers", subjects: ["User system:kube-controller-manager"] },
  { name: "mini:node-network", role: "mini:node-network", subjects: ["User system:kube-proxy"] },
];
