/**
 * A typed constant for every built-in resource: `client.of(pods)`, `informers.of(services)`. Where one kind is served
 * in two groups or versions, the plain name is the one to use (core/v1 `events`, autoscaling/v2).
 */
import type {
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from "../kinds/generated/admissionregistration-v1.ts";
import type { CustomResourceDefinition } from "../kinds/generated/apiextensions-v1.ts";
import type { APIService } from "../kinds/generated/apiregistration-v1.ts";
import type { ControllerRevision, DaemonSet, Deployment, ReplicaSet, StatefulSet } from "../kinds/generated/apps-v1.ts";
import type { SelfSubjectReview, TokenReview } from "../kinds/generated/authentication-v1.ts";
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from "../kinds/generated/authorization-v1.ts";
import type { HorizontalPodAutoscaler as HorizontalPodAutoscalerV1 } from "../kinds/generated/autoscaling-v1.ts";
import type { HorizontalPodAutoscaler } from "../kinds/generated/autoscaling-v2.ts";
import type { CronJob, Job } from "../kinds/generated/batch-v1.ts";
import type { CertificateSigningRequest } from "../kinds/generated/certificates-v1.ts";
import type { Lease } from "../kinds/generated/coordination-v1.ts";
import type {
  ConfigMap,
  Endpoints,
  Event,
  LimitRange,
  Namespace,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodTemplate,
  ReplicationController,
  ResourceQuota,
  Secret,
  Service,
  ServiceAccount,
} from "../kinds/generated/core-v1.ts";
import type { EndpointSlice } from "../kinds/generated/discovery-v1.ts";
import type { Event as EventsK8sEvent } from "../kinds/generated/events-v1.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../kinds/generated/flowcontrol-v1.ts";
import type { Ingress, IngressClass, IPAddress, NetworkPolicy, ServiceCIDR } from "../kinds/generated/networking-v1.ts";
import type { RuntimeClass } from "../kinds/generated/node-v1.ts";
import type { PodDisruptionBudget } from "../kinds/generated/policy-v1.ts";
import type { ClusterRole, ClusterRoleBinding, Role, RoleBinding } from "../kinds/generated/rbac-v1.ts";
import type {
  DeviceClass,
  ResourceClaim,
  ResourceClaimTemplate,
  ResourceSlice,
} from "../kinds/generated/resource-v1.ts";
import type { PriorityClass } from "../kinds/generated/scheduling-v1.ts";
import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from "../kinds/generated/storage-v1.ts";
import type { KubernetesObject } from "../machinery/meta/object.ts";
import type { ResourceRef } from "./types.ts";

function resource(namespaced: boolean) {
  return <T extends KubernetesObject>(group: string, version: string, plural: string, kind: string): ResourceRef<T> =>
    Object.freeze({ group, version, plural, kind, namespaced });
}
const namespaced = resource(true);
const clusterScoped = resource(false);

export const configMaps = namespaced<ConfigMap>("", "v1", "configmaps", "ConfigMap");
export const endpoints = namespaced<Endpoints>("", "v1", "endpoints", "Endpoints");
export const events = namespaced<Event>("", "v1", "events", "Event");
export const limitRanges = namespaced<LimitRange>("", "v1", "limitranges", "LimitRange");
export const namespaces = clusterScoped<Namespace>("", "v1", "namespaces", "Namespace");
export const nodes = clusterScoped<Node>("", "v1", "nodes", "Node");
export const persistentVolumeClaims = namespaced<PersistentVolumeClaim>(
  "",
  "v1",
  "persistentvolumeclaims",
  "PersistentVolumeClaim",
);
export const persistentVolumes = clusterScoped<PersistentVolume>("", "v1", "persistentvolumes", "PersistentVolume");
export const pods = namespaced<Pod>("", "v1", "pods", "Pod");
export const podTemplates = namespaced<PodTemplate>("", "v1", "podtemplates", "PodTemplate");
export const replicationControllers = namespaced<ReplicationController>(
  "",
  "v1",
  "replicationcontrollers",
  "ReplicationController",
);
export const resourceQuotas = namespaced<ResourceQuota>("", "v1", "resourcequotas", "ResourceQuota");
export const secrets = namespaced<Secret>("", "v1", "secrets", "Secret");
export const serviceAccounts = namespaced<ServiceAccount>("", "v1", "serviceaccounts", "ServiceAccount");
export const services = namespaced<Service>("", "v1", "services", "Service");
export const mutatingAdmissionPolicies = clusterScoped<MutatingAdmissionPolicy>(
  "admissionregistration.k8s.io",
  "v1",
  "mutatingadmissionpolicies",
  "MutatingAdmissionPolicy",
);
export const mutatingAdmissionPolicyBindings = clusterScoped<MutatingAdmissionPolicyBinding>(
  "admissionregistration.k8s.io",
  "v1",
  "mutatingadmissionpolicybindings",
  "MutatingAdmissionPolicyBinding",
);
export const mutatingWebhookConfigurations = clusterScoped<MutatingWebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "mutatingwebhookconfigurations",
  "MutatingWebhookConfiguration",
);
export const validatingAdmissionPolicies = clusterScoped<ValidatingAdmissionPolicy>(
  "admissionregistration.k8s.io",
  "v1",
  "validatingadmissionpolicies",
  "ValidatingAdmissionPolicy",
);
export const validatingAdmissionPolicyBindings = clusterScoped<ValidatingAdmissionPolicyBinding>(
  "admissionregistration.k8s.io",
  "v1",
  "validatingadmissionpolicybindings",
  "ValidatingAdmissionPolicyBinding",
);
export const validatingWebhookConfigurations = clusterScoped<ValidatingWebhookConfiguration>(
  "admissionregistration.k8s.io",
  "v1",
  "validatingwebhookconfigurations",
  "ValidatingWebhookConfiguration",
);
export const customResourceDefinitions = clusterScoped<CustomResourceDefinition>(
  "apiextensions.k8s.io",
  "v1",
  "customresourcedefinitions",
  "CustomResourceDefinition",
);
export const apiServices = clusterScoped<APIService>("apiregistration.k8s.io", "v1", "apiservices", "APIService");
export const controllerRevisions = namespaced<ControllerRevision>(
  "apps",
  "v1",
  "controllerrevisions",
  "ControllerRevision",
);
export const daemonSets = namespaced<DaemonSet>("apps", "v1", "daemonsets", "DaemonSet");
export const deployments = namespaced<Deployment>("apps", "v1", "deployments", "Deployment");
export const replicaSets = namespaced<ReplicaSet>("apps", "v1", "replicasets", "ReplicaSet");
export const statefulSets = namespaced<StatefulSet>("apps", "v1", "statefulsets", "StatefulSet");
export const selfSubjectReviews = clusterScoped<SelfSubjectReview>(
  "authentication.k8s.io",
  "v1",
  "selfsubjectreviews",
  "SelfSubjectReview",
);
export const tokenReviews = clusterScoped<TokenReview>("authentication.k8s.io", "v1", "tokenreviews", "TokenReview");
export const localSubjectAccessReviews = namespaced<LocalSubjectAccessReview>(
  "authorization.k8s.io",
  "v1",
  "localsubjectaccessreviews",
  "LocalSubjectAccessReview",
);
export const selfSubjectAccessReviews = clusterScoped<SelfSubjectAccessReview>(
  "authorization.k8s.io",
  "v1",
  "selfsubjectaccessreviews",
  "SelfSubjectAccessReview",
);
export const selfSubjectRulesReviews = clusterScoped<SelfSubjectRulesReview>(
  "authorization.k8s.io",
  "v1",
  "selfsubjectrulesreviews",
  "SelfSubjectRulesReview",
);
export const subjectAccessReviews = clusterScoped<SubjectAccessReview>(
  "authorization.k8s.io",
  "v1",
  "subjectaccessreviews",
  "SubjectAccessReview",
);
export const horizontalPodAutoscalersV1 = namespaced<HorizontalPodAutoscalerV1>(
  "autoscaling",
  "v1",
  "horizontalpodautoscalers",
  "HorizontalPodAutoscaler",
);
export const horizontalPodAutoscalers = namespaced<HorizontalPodAutoscaler>(
  "autoscaling",
  "v2",
  "horizontalpodautoscalers",
  "HorizontalPodAutoscaler",
);
export const cronJobs = namespaced<CronJob>("batch", "v1", "cronjobs", "CronJob");
export const jobs = namespaced<Job>("batch", "v1", "jobs", "Job");
export const certificateSigningRequests = clusterScoped<CertificateSigningRequest>(
  "certificates.k8s.io",
  "v1",
  "certificatesigningrequests",
  "CertificateSigningRequest",
);
export const leases = namespaced<Lease>("coordination.k8s.io", "v1", "leases", "Lease");
export const endpointSlices = namespaced<EndpointSlice>("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice");
export const eventsK8sEvents = namespaced<EventsK8sEvent>("events.k8s.io", "v1", "events", "Event");
export const flowSchemas = clusterScoped<FlowSchema>("flowcontrol.apiserver.k8s.io", "v1", "flowschemas", "FlowSchema");
export const priorityLevelConfigurations = clusterScoped<PriorityLevelConfiguration>(
  "flowcontrol.apiserver.k8s.io",
  "v1",
  "prioritylevelconfigurations",
  "PriorityLevelConfiguration",
);
export const ingressClasses = clusterScoped<IngressClass>("networking.k8s.io", "v1", "ingressclasses", "IngressClass");
export const ingresses = namespaced<Ingress>("networking.k8s.io", "v1", "ingresses", "Ingress");
export const ipAddresses = clusterScoped<IPAddress>("networking.k8s.io", "v1", "ipaddresses", "IPAddress");
export const networkPolicies = namespaced<NetworkPolicy>("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy");
export const serviceCIDRs = clusterScoped<ServiceCIDR>("networking.k8s.io", "v1", "servicecidrs", "ServiceCIDR");
export const runtimeClasses = clusterScoped<RuntimeClass>("node.k8s.io", "v1", "runtimeclasses", "RuntimeClass");
export const podDisruptionBudgets = namespaced<PodDisruptionBudget>(
  "policy",
  "v1",
  "poddisruptionbudgets",
  "PodDisruptionBudget",
);
export const clusterRoleBindings = clusterScoped<ClusterRoleBinding>(
  "rbac.authorization.k8s.io",
  "v1",
  "clusterrolebindings",
  "ClusterRoleBinding",
);
export const clusterRoles = clusterScoped<ClusterRole>(
  "rbac.authorization.k8s.io",
  "v1",
  "clusterroles",
  "ClusterRole",
);
export const roleBindings = namespaced<RoleBinding>("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding");
export const roles = namespaced<Role>("rbac.authorization.k8s.io", "v1", "roles", "Role");
export const deviceClasses = clusterScoped<DeviceClass>("resource.k8s.io", "v1", "deviceclasses", "DeviceClass");
export const resourceClaims = namespaced<ResourceClaim>("resource.k8s.io", "v1", "resourceclaims", "ResourceClaim");
export const resourceClaimTemplates = namespaced<ResourceClaimTemplate>(
  "resource.k8s.io",
  "v1",
  "resourceclaimtemplates",
  "ResourceClaimTemplate",
);
export const resourceSlices = clusterScoped<ResourceSlice>("resource.k8s.io", "v1", "resourceslices", "ResourceSlice");
export const priorityClasses = clusterScoped<PriorityClass>(
  "scheduling.k8s.io",
  "v1",
  "priorityclasses",
  "PriorityClass",
);
export const csiDrivers = clusterScoped<CSIDriver>("storage.k8s.io", "v1", "csidrivers", "CSIDriver");
export const csiNodes = clusterScoped<CSINode>("storage.k8s.io", "v1", "csinodes", "CSINode");
export const csiStorageCapacities = namespaced<CSIStorageCapacity>(
  "storage.k8s.io",
  "v1",
  "csistoragecapacities",
  "CSIStorageCapacity",
);
export const storageClasses = clusterScoped<StorageClass>("storage.k8s.io", "v1", "storageclasses", "StorageClass");
export const volumeAttachments = clusterScoped<VolumeAttachment>(
  "storage.k8s.io",
  "v1",
  "volumeattachments",
  "VolumeAttachment",
);
export const volumeAttributesClasses = clusterScoped<VolumeAttributesClass>(
  "storage.k8s.io",
  "v1",
  "volumeattributesclasses",
  "VolumeAttributesClass",
);
