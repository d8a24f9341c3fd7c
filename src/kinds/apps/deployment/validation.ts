/** ValidateDeployment, ValidateDeploymentUpdate, ValidateDeploymentStatusUpdate. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../machinery/errors/field-error.ts";
import { checkImmutable, checkNonNegative } from "../../field-checks.ts";
import type { Deployment, DeploymentStrategy, RollingUpdateDeployment } from "../../generated/apps-v1.ts";
import {
  checkAtMostAll,
  checkCollisionCount,
  checkCountOrPercent,
  countOrPercent,
  validateOwnSelector,
  validateReplicaCounts,
  validateSelectedTemplate,
} from "../replica-checks.ts";

export function validateDeployment({ spec }: Deployment): FieldError[] {
  if (spec === undefined) return [required("spec.selector")];
  const deadline = spec.progressDeadlineSeconds;
  const errors = [
    ...checkNonNegative("spec.replicas", spec.replicas),
    ...validateOwnSelector(spec.selector, "deployment", "spec.selector"),
    ...validateSelectedTemplate(spec.selector, spec.template, "ReplicaSet", "invalid label selector"),
    ...validateStrategy(spec.strategy ?? {}, "spec.strategy"),
    ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...checkNonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
    ...checkNonNegative("spec.progressDeadlineSeconds", deadline),
  ];
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    errors.push(invalidValue("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
  }
  return errors;
}

function validateStrategy(strategy: DeploymentStrategy, path: string): FieldError[] {
  const { type, rollingUpdate } = strategy;
  const place = `${path}.rollingUpdate`;
  if (type === "Recreate") {
    const detail = "may not be specified when strategy `type` is 'Recreate'";
    return rollingUpdate === undefined ? [] : [forbiddenField(place, detail)];
  }
  if (type !== "RollingUpdate") return [notSupportedInOrder(path, strategy, ["Recreate", "RollingUpdate"])];
  if (rollingUpdate === undefined) return [required(place, "this should be defaulted and never be nil")];
  return validateRollingUpdate(rollingUpdate, place);
}

function validateRollingUpdate({ maxUnavailable, maxSurge }: RollingUpdateDeployment, path: string): FieldError[] {
  const errors = [
    ...checkCountOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...checkCountOrPercent(`${path}.maxSurge`, maxSurge),
  ];
  if (countOrPercent(maxUnavailable) === 0 && countOrPercent(maxSurge) === 0) {
    errors.push(invalidValue(`${path}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0"));
  }
  return [...errors, ...checkAtMostAll(`${path}.maxUnavailable`, maxUnavailable)];
}

export function validateDeploymentUpdate({ spec }: Deployment, { spec: before }: Deployment): FieldError[] {
  return checkImmutable("spec.selector", spec?.selector, before?.selector);
}

export function validateDeploymentStatusUpdate(
  { status = {} }: Deployment,
  { status: before }: Deployment,
): FieldError[] {
  const counts = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"];
  return [
    ...validateReplicaCounts(
      { ...status },
      ["observedGeneration", ...counts, "terminatingReplicas", "collisionCount"],
      ["updatedReplicas", "readyReplicas", "availableReplicas"],
    ),
    ...checkCollisionCount(status.collisionCount, before?.collisionCount),
  ];
}
