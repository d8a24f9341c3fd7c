/**
 * Every kind that this server has built in: one folder a kind (definition, defaults, validation, columns), one line here.
 * Fed by the generated table (types, schema.json, resources.json); feeds the API server's registry, discovery and
 * OpenAPI, and the clients' mapping of kinds to resources.
 */
import type { KindDefinition } from "../machinery/kind.ts";
import { mutatingAdmissionPolicy } from "./admissionregistration/mutating-admission-policy/definition.ts";
import { mutatingAdmissionPolicyBinding } from "./admissionregistration/mutating-admission-policy-binding/definition.ts";
import { mutatingWebhookConfiguration } from "./admissionregistration/mutating-webhook-configuration/definition.ts";
import { validatingAdmissionPolicy } from "./admissionregistration/validating-admission-policy/definition.ts";
import { validatingAdmissionPolicyBinding } from "./admissionregistration/validating-admission-policy-binding/definition.ts";
import { validatingWebhookConfiguration } from "./admissionregistration/validating-webhook-configuration/definition.ts";
import { customResourceDefinition } from "./apiextensions/custom-resource-definition/definition.ts";
import { apiService } from "./apiregistration/api-service/definition.ts";
import { controllerRevision } from "./apps/controller-revision/definition.ts";
import { daemonSet } from "./apps/daemon-set/definition.ts";
import { deployment } from "./apps/deployment/definition.ts";
import { replicaSet } from "./apps/replica-set/definition.ts";
import { statefulSet } from "./apps/stateful-set/definition.ts";
import { selfSubjectReview } from "./authentication/self-subject-review/definition.ts";
import { tokenReview } from "./authentication/token-review/definition.ts";
import { localSubjectAccessReview } from "./authorization/local-subject-access-review/definition.ts";
import { selfSubjectAccessReview } from "./authorization/self-subject-access-review/definition.ts";
import { selfSubjectRulesReview } from "./authorization/self-subject-rules-review/definition.ts";
import { subjectAccessReview } from "./authorization/subject-access-review/definition.ts";
import { horizontalPodAutoscaler } from "./autoscaling/horizontal-pod-autoscaler/definition.ts";
import { horizontalPodAutoscalerV1 } from "./autoscaling/horizontal-pod-autoscaler/definition-v1.ts";
import { cronJob } from "./batch/cron-job/definition.ts";
import { job } from "./batch/job/definition.ts";
import { certificateSigningRequest } from "./certificates/certificate-signing-request/definition.ts";
import { lease } from "./coordination/lease/definition.ts";
import { binding } from "./core/binding/definition.ts";
import { componentStatus } from "./core/component-status/definition.ts";
import { configMap } from "./core/config-map/definition.ts";
import { endpoints } from "./core/endpoints/definition.ts";
import { coreEvent } from "./core/event/definition.ts";
import { limitRange } from "./core/limit-range/definition.ts";
import { namespace } from "./core/namespace/definition.ts";
import { node } from "./core/node/definition.ts";
import { persistentVolume } from "./core/persistent-volume/definition.ts";
import { persistentVolumeClaim } from "./core/persistent-volume-claim/definition.ts";
import { pod } from "./core/pod/definition.ts";
import { podTemplate } from "./core/pod-template/definition.ts";
import { replicationController } from "./core/replication-controller/definition.ts";
import { resourceQuota } from "./core/resource-quota/definition.ts";
import { secret } from "./core/secret/definition.ts";
import { service } from "./core/service/definition.ts";
import { serviceAccount } from "./core/service-account/definition.ts";
import { endpointSlice } from "./discovery/endpoint-slice/definition.ts";
import { event } from "./events/event/definition.ts";
import { flowSchema } from "./flowcontrol/flow-schema/definition.ts";
import { priorityLevelConfiguration } from "./flowcontrol/priority-level-configuration/definition.ts";
import { ingress } from "./networking/ingress/definition.ts";
import { ingressClass } from "./networking/ingress-class/definition.ts";
import { ipAddress } from "./networking/ip-address/definition.ts";
import { networkPolicy } from "./networking/network-policy/definition.ts";
import { serviceCIDR } from "./networking/service-cidr/definition.ts";
import { runtimeClass } from "./node/runtime-class/definition.ts";
import { podDisruptionBudget } from "./policy/pod-disruption-budget/definition.ts";
import { clusterRole } from "./rbac/cluster-role/definition.ts";
import { clusterRoleBinding } from "./rbac/cluster-role-binding/definition.ts";
import { role } from "./rbac/role/definition.ts";
import { roleBinding } from "./rbac/role-binding/definition.ts";
import { deviceClass } from "./resource/device-class/definition.ts";
import { resourceClaim } from "./resource/resource-claim/definition.ts";
import { resourceClaimTemplate } from "./resource/resource-claim-template/definition.ts";
import { resourceSlice } from "./resource/resource-slice/definition.ts";
import { priorityClass } from "./scheduling/priority-class/definition.ts";
import { csiDriver } from "./storage/csi-driver/definition.ts";
import { csiNode } from "./storage/csi-node/definition.ts";
import { csiStorageCapacity } from "./storage/csi-storage-capacity/definition.ts";
import { storageClass } from "./storage/storage-class/definition.ts";
import { volumeAttachment } from "./storage/volume-attachment/definition.ts";
import { volumeAttributesClass } from "./storage/volume-attributes-class/definition.ts";

export { builtInSchemas } from "./schema-table.ts";

export const builtInKinds: readonly KindDefinition[] = [
  binding,
  componentStatus,
  configMap,
  endpoints,
  coreEvent,
  limitRange,
  namespace,
  node,
  persistentVolumeClaim,
  persistentVolume,
  pod,
  podTemplate,
  replicationController,
  resourceQuota,
  secret,
  serviceAccount,
  service,
  mutatingAdmissionPolicy,
  mutatingAdmissionPolicyBinding,
  mutatingWebhookConfiguration,
  validatingAdmissionPolicy,
  validatingAdmissionPolicyBinding,
  validatingWebhookConfiguration,
  customResourceDefinition,
  apiService,
  controllerRevision,
  daemonSet,
  deployment,
  replicaSet,
  statefulSet,
  selfSubjectReview,
  tokenReview,
  localSubjectAccessReview,
  selfSubjectAccessReview,
  selfSubjectRulesReview,
  subjectAccessReview,
  horizontalPodAutoscalerV1,
  horizontalPodAutoscaler,
  cronJob,
  job,
  certificateSigningRequest,
  lease,
  endpointSlice,
  event,
  flowSchema,
  priorityLevelConfiguration,
  ingressClass,
  ingress,
  ipAddress,
  networkPolicy,
  serviceCIDR,
  runtimeClass,
  podDisruptionBudget,
  clusterRoleBinding,
  clusterRole,
  roleBinding,
  role,
  deviceClass,
  resourceClaim,
  resourceClaimTemplate,
  resourceSlice,
  priorityClass,
  csiDriver,
  csiNode,
  csiStorageCapacity,
  storageClass,
  volumeAttachment,
  volumeAttributesClass,
];
