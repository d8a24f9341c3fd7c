/** ValidateDaemonSet, ValidateDaemonSetUpdate, ValidateDaemonSetStatusUpdate. */
import { type FieldError, invalidValue, notSupportedInOrder, required } from "../../../machinery/errors/field-error.ts";
import { validateLabelSelector } from "../../../machinery/validation/label-selector.ts";
import { checkImmutable, checkNonNegative } from "../../field-checks.ts";
import type { DaemonSet, DaemonSetUpdateStrategy, RollingUpdateDaemonSet } from "../../generated/apps-v1.ts";
import {
  checkAtMostAll,
  checkCollisionCount,
  checkCountOrPercent,
  countOrPercent,
  validateLongRunningTemplate,
  validateReplicaCounts,
  validateSelectorMatches,
} from "../replica-checks.ts";

export function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  if (spec === undefined) return [required("spec.selector")];
  const { selector } = spec;
  const errors = [
    ...validateLabelSelector(selector, "spec.selector"),
    ...validateSelectorMatches(selector ?? { matchLabels: {} }, spec.template, "spec.template"),
  ];
  const count = Object.keys(selector?.matchLabels ?? {}).length + (selector?.matchExpressions ?? []).length;
  if (selector !== undefined && count === 0) {
    errors.push(invalidValue("spec.selector", selector, "empty selector is invalid for daemonset"));
  }
  return [
    ...errors,
    ...validateLongRunningTemplate(spec.template, "DaemonSet", "spec.template"),
    ...checkNonNegative("spec.minReadySeconds", spec.minReadySeconds),
    ...validateStrategy(spec.updateStrategy ?? {}, "spec.updateStrategy"),
    ...checkNonNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
  ];
}

function validateStrategy(strategy: DaemonSetUpdateStrategy, path: string): FieldError[] {
  if (strategy.type === "OnDelete") return [];
  if (strategy.type !== "RollingUpdate") return [notSupportedInOrder(path, strategy, ["RollingUpdate", "OnDelete"])];
  const place = `${path}.rollingUpdate`;
  return strategy.rollingUpdate === undefined
    ? [required(place)]
    : validateRollingUpdate(strategy.rollingUpdate, place);
}

function validateRollingUpdate({ maxUnavailable, maxSurge }: RollingUpdateDaemonSet, path: string): FieldError[] {
  const errors = [
    ...checkCountOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...checkCountOrPercent(`${path}.maxSurge`, maxSurge),
    ...checkAtMostAll(`${path}.maxUnavailable`, maxUnavailable),
    ...checkAtMostAll(`${path}.maxSurge`, maxSurge),
  ];
  const unavailable = countOrPercent(maxUnavailable) !== 0;
  const surge = countOrPercent(maxSurge) !== 0;
  if (unavailable && surge) {
    errors.push(invalidValue(`${path}.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero"));
  } else if (!unavailable && !surge) {
    errors.push(required(`${path}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  }
  return errors;
}

export function validateDaemonSetUpdate({ spec }: DaemonSet, { spec: before }: DaemonSet): FieldError[] {
  return checkImmutable("spec.selector", spec?.selector, before?.selector);
}

export function validateDaemonSetStatusUpdate({ status }: DaemonSet, { status: before }: DaemonSet): FieldError[] {
  const fields = [
    "currentNumberScheduled",
    "numberMisscheduled",
    "desiredNumberScheduled",
    "numberReady",
    "observedGeneration",
    "updatedNumberScheduled",
    "numberAvailable",
    "numberUnavailable",
    "collisionCount",
  ];
  return [
    ...validateReplicaCounts({ ...status }, fields, []),
    ...checkCollisionCount(status?.collisionCount, before?.collisionCount),
  ];
}
