/** ValidateStatefulSet, ValidateStatefulSetUpdate, ValidateStatefulSetStatusUpdate. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../machinery/errors/field-error.ts";
import { isDns1123Label, nameIsDnsLabel } from "../../../machinery/validation/names.ts";
import { checkNonNegative, checkText } from "../../field-checks.ts";
import type { StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy } from "../../generated/apps-v1.ts";
import type { PodTemplateSpec } from "../../generated/core-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import {
  checkCollisionCount,
  validateOwnSelector,
  validateReplicaCounts,
  validateSelectedTemplate,
} from "../replica-checks.ts";

/** Pods get the set's name and a number, and host names from it. */
export const validateName = nameIsDnsLabel;

const mutableFields = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;

export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  if (spec === undefined) return [required("spec.selector")];
  const policies = ["OrderedReady", "Parallel"];
  const errors: FieldError[] = [];
  if (!spec.podManagementPolicy) errors.push(required("spec.podManagementPolicy"));
  else if (!policies.includes(spec.podManagementPolicy)) {
    const detail = "must be 'OrderedReady' or 'Parallel'";
    errors.push(invalidValue("spec.podManagementPolicy", spec.podManagementPolicy, detail));
  }
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  return [
    ...errors,
    ...validateStrategy(spec.updateStrategy ?? {}, "spec.updateStrategy"),
    ...validateRetention(retention?.whenDeleted, "spec.persistentVolumeClaimRetentionPolicy.whenDeleted"),
    ...validateRetention(retention?.whenScaled, "spec.persistentVolumeClaimRetentionPolicy.whenScaled"),
    ...checkNonNegative("spec.replicas", spec.replicas),
    ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...checkNonNegative("spec.ordinals.start", spec.ordinals?.start),
    ...(spec.serviceName ? checkText("spec.serviceName", spec.serviceName, isDns1123Label) : []),
    ...validateOwnSelector(spec.selector, "statefulset", "spec.selector"),
    ...validateSelectedTemplate(spec.selector, withClaimVolumes(spec), "StatefulSet", ""),
  ];
}

/** The template as its pods will be: each claim template adds a volume of its name. */
function withClaimVolumes({ template, volumeClaimTemplates }: StatefulSetSpec): PodTemplateSpec {
  const claims = (volumeClaimTemplates ?? []).map(({ metadata }) => ({
    name: metadata?.name ?? "",
    persistentVolumeClaim: { claimName: "placeholder" },
  }));
  const names = new Set(claims.map(({ name }) => name));
  const spec = template?.spec ?? { containers: [] };
  const volumes = [...claims, ...(spec.volumes ?? []).filter(({ name }) => !names.has(name))];
  // Both are the pod's own: the controller sets them.
  return { ...template, spec: { ...spec, volumes, hostname: undefined, subdomain: undefined } };
}

function validateStrategy(strategy: StatefulSetUpdateStrategy, path: string): FieldError[] {
  const { type, rollingUpdate } = strategy;
  if (!type) return [required(path)];
  if (type === "OnDelete") {
    const detail = "only allowed for updateStrategy 'RollingUpdate'";
    return rollingUpdate === undefined ? [] : [invalidValue(`${path}.rollingUpdate`, rollingUpdate, detail)];
  }
  if (type !== "RollingUpdate") return [invalidValue(path, strategy, "must be 'RollingUpdate' or 'OnDelete'")];
  return checkNonNegative(`${path}.rollingUpdate.partition`, rollingUpdate?.partition);
}

function validateRetention(policy: string | undefined, path: string): FieldError[] {
  if (policy === undefined || policy === "Retain" || policy === "Delete") return [];
  return [notSupportedInOrder(path, policy, ["Retain", "Delete"])];
}

export function validateStatefulSetUpdate({ spec }: StatefulSet, { spec: before }: StatefulSet): FieldError[] {
  const rest: Record<string, unknown> = { ...spec };
  for (const field of mutableFields) rest[field] = before?.[field];
  if (semanticEqual(rest, before)) return [];
  const names =
    "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'";
  return [forbiddenField("spec", `updates to statefulset spec for fields other than ${names} are forbidden`)];
}

export function validateStatefulSetStatusUpdate(
  { status }: StatefulSet,
  { status: before }: StatefulSet,
): FieldError[] {
  const parts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
  return [
    ...validateReplicaCounts(
      { ...status },
      ["replicas", ...parts, "observedGeneration", "collisionCount"],
      parts,
      "status.readyReplicas",
    ),
    ...checkCollisionCount(status?.collisionCount, before?.collisionCount),
  ];
}
