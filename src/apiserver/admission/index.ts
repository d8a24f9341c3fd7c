/**
 * The admission chain in upstream's default order. Fed by the registry (one AdmissionRequest a write), the reader and
 * the authorizer; changes or refuses the object before it is validated and stored. Webhooks and admission policies take
 * their place before ResourceQuota.
 */
import { type Clock, systemClock } from "../../lib/clock.ts";
import type { RuleAuthorizer } from "../authorization/index.ts";
import type { AdmissionPlugin, ObjectReader, ObjectWriter } from "../types.ts";
import * as certificates from "./certificates.ts";
import { customResourceSchemas } from "./custom-resource-schemas.ts";
import { defaultIngressClass } from "./default-ingress-class.ts";
import { expressionValidation } from "./expression-validation.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction/index.ts";
import { defaultTolerationSeconds, taintNodesByCondition } from "./node-taints.ts";
import { podSecurity } from "./pod-security/index.ts";
import { mutatingAdmissionPolicy } from "./policies/mutating.ts";
import type { FindKind } from "./policies/policy-set.ts";
import type { ServedKinds } from "./policies/type-checking.ts";
import { validatingAdmissionPolicy } from "./policies/validating.ts";
import { priority } from "./priority.ts";
import { resourceQuota } from "./resource-quota.ts";
import { roleEscalation } from "./role-escalation.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { createServiceAllocation } from "./services/index.ts";
import { followIpAddresses } from "./services/ip-addresses.ts";
import * as storage from "./storage.ts";
import { admissionWebhooks } from "./webhooks/index.ts";

export interface AdmissionOptions {
  readonly authorizer: RuleAuthorizer;
  /** `10.96.0.0/12`: where cluster IPs are taken from, besides the ServiceCIDRs that users add. */
  readonly serviceSubnet: string;
  /** Inclusive; default 30000 to 32767. */
  readonly nodePortRange?: readonly [number, number];
  readonly clock?: Clock;
  /** For the parameters of policies. Default: no kind is known. */
  readonly findKind?: FindKind;
  /** For the types that policies are checked against. Default: none. */
  readonly servedKinds?: ServedKinds;
}

const defaultNodePortRange = [30000, 32767] as const;

/** The plugins, in the order in which their `admit` and then their `validate` are called. Caches must be warm. */
export function createAdmissionChain(
  options: AdmissionOptions,
  reader: ObjectReader,
  writer: ObjectWriter,
): AdmissionPlugin[] {
  const { authorizer, serviceSubnet, nodePortRange = defaultNodePortRange, clock = systemClock } = options;
  const { findKind = () => undefined, servedKinds = () => [] } = options;
  followIpAddresses(reader, writer, clock);
  const policyTools = { reader, authorizer, findKind };
  const webhooks = admissionWebhooks(reader, authorizer);
  return [
    namespaceLifecycle(reader, clock),
    limitRanger(reader),
    serviceAccount(reader, clock),
    nodeRestriction({ reader, authorizer }),
    taintNodesByCondition,
    podSecurity(reader),
    priority(reader),
    defaultTolerationSeconds,
    storage.defaultStorageClass(reader),
    storage.storageObjectInUseProtection,
    storage.persistentVolumeClaimResize(reader),
    runtimeClass(reader),
    certificates.certificateApproval(authorizer, reader),
    certificates.certificateSigning(authorizer),
    certificates.certificateSubjectRestriction,
    defaultIngressClass(reader),
    roleEscalation(authorizer),
    mutatingAdmissionPolicy(policyTools),
    webhooks.mutating,
    // Upstream allocates in the registry, after all mutation; here that is the last mutating plugin.
    createServiceAllocation({ serviceSubnet, nodePortRange, reader, clock }),
    expressionValidation,
    customResourceSchemas,
    validatingAdmissionPolicy(policyTools, writer, servedKinds),
    webhooks.validating,
    resourceQuota(reader, writer),
  ];
}
