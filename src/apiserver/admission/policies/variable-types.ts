/** Types of the variables that Kubernetes fills in for a policy's expressions, as plugincel.BuildRequestType has them. */
import type { StructTypes } from "../../expressions/object-types.ts";

const timestamp = "google.protobuf.Timestamp";
const labels = "map<string, string>";

export const requestType = "kubernetes.AdmissionRequest";
export const namespaceType = "kubernetes.Namespace";

export const requestStructs: StructTypes = {
  "kubernetes.GroupVersionKind": { group: "string", version: "string", kind: "string" },
  "kubernetes.GroupVersionResource": { group: "string", version: "string", resource: "string" },
  "kubernetes.UserInfo": {
    username: "string",
    uid: "string",
    groups: "list<string>",
    extra: "map<string, list<string>>",
  },
  [requestType]: {
    kind: "kubernetes.GroupVersionKind",
    resource: "kubernetes.GroupVersionResource",
    subResource: "string",
    requestKind: "kubernetes.GroupVersionKind",
    requestResource: "kubernetes.GroupVersionResource",
    requestSubResource: "string",
    name: "string",
    namespace: "string",
    operation: "string",
    userInfo: "kubernetes.UserInfo",
    dryRun: "bool",
    options: "dyn",
  },
};

export const namespaceStructs: StructTypes = {
  "kubernetes.NamespaceSpec": { finalizers: "list<string>" },
  "kubernetes.NamespaceCondition": {
    status: "string",
    type: "string",
    lastTransitionTime: timestamp,
    message: "string",
    reason: "string",
  },
  "kubernetes.NamespaceStatus": { conditions: "list<kubernetes.NamespaceCondition>", phase: "string" },
  "kubernetes.NamespaceMetadata": {
    name: "string",
    generateName: "string",
    namespace: "string",
    labels,
    annotations: labels,
    // As upstream spells it.
    UID: "string",
    creationTimestamp: timestamp,
    deletionGracePeriodSeconds: "int",
    deletionTimestamp: timestamp,
    generation: "int",
    resourceVersion: "string",
    finalizers: "list<string>",
  },
  [namespaceType]: {
    metadata: "kubernetes.NamespaceMetadata",
    spec: "kubernetes.NamespaceSpec",
    status: "kubernetes.NamespaceStatus",
  },
};
