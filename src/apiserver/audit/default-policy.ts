import type { AuditPolicy } from "../../machinery/audit/policy.ts";

const connections = ["pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy", "nodes/proxy"];

/**
 * Every write, and every connection into a pod, a Service or a node, at level Metadata: who, when, what, with which
 * outcome, and never what is in it. Left out is what only says that somebody is alive (leases), what the log would
 * repeat (events), and questions that change nothing (reviews).
 */
export const defaultAuditPolicy: AuditPolicy = {
  omitStages: ["RequestReceived"],
  rules: [
    { level: "Metadata", resources: [{ group: "", resources: connections }] },
    { level: "None", verbs: ["get", "list", "watch"] },
    {
      level: "None",
      resources: [
        { group: "coordination.k8s.io", resources: ["leases"] },
        { group: "", resources: ["events"] },
        { group: "events.k8s.io", resources: ["events"] },
        { group: "authentication.k8s.io" },
        { group: "authorization.k8s.io" },
      ],
    },
    { level: "Metadata", verbs: ["create", "update", "patch", "delete", "deletecollection"] },
  ],
};
