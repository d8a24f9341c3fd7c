/** What the kinds that keep pods from a template have in common: selector, template, counts and rolling updates. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../machinery/errors/field-error.ts";
import { parsePercent } from "../../machinery/int-or-string.ts";
import { labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import { validateLabelSelector } from "../../machinery/validation/label-selector.ts";
import { isPercent } from "../../machinery/validation/names.ts";
import { validatePodTemplate } from "../core/pod/validation/pod-spec.ts";
import { checkNonNegative, checkText } from "../field-checks.ts";
import type { PodTemplateSpec } from "../generated/core-v1.ts";
import type { LabelSelector } from "../generated/meta-v1.ts";
import type { IntOrString } from "../generated/primitives.ts";

/** A selector that is there, well formed and not empty. `kind` as in the message: `statefulset`. */
export function validateOwnSelector(selector: LabelSelector | undefined, kind: string, path: string): FieldError[] {
  if (selector === undefined) return [required(path)];
  const errors = validateLabelSelector(selector, path);
  const count = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length;
  if (count === 0) errors.push(invalidValue(path, selector, `empty selector is invalid for ${kind}`));
  return errors;
}

/** Labels as Go prints a map: sorted. */
const sorted = (labels: Readonly<Record<string, string>> | undefined) =>
  labels && Object.fromEntries(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)));

/** Whether nothing can be selected with it: operators that are none, keys, values or numbers of values that may not be. */
export function isMalformed(selector: LabelSelector): boolean {
  try {
    labelSelectorFromObject(selector);
    return false;
  } catch {
    return true;
  }
}

/** That the selector finds the template's pods; a missing one finds none. Nothing where the selector is malformed. */
export function validateSelectorMatches(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  path: string,
): FieldError[] {
  const labels = template?.metadata?.labels;
  if (selector !== undefined && (isMalformed(selector) || labelSelectorFromObject(selector).matches(labels))) return [];
  return [invalidValue(`${path}.metadata.labels`, sorted(labels), "`selector` does not match template `labels`")];
}

/** A template whose pods run for ever. `kind` as in the message: `ReplicaSet`. */
export function validateLongRunningTemplate(template: PodTemplateSpec, kind: string, path: string): FieldError[] {
  const errors = validatePodTemplate(template, path);
  const { restartPolicy, activeDeadlineSeconds } = template.spec ?? {};
  if (restartPolicy !== "Always") {
    errors.push(notSupportedInOrder(`${path}.spec.restartPolicy`, restartPolicy ?? "", ["Always"]));
  }
  if (activeDeadlineSeconds !== undefined) {
    const detail = `activeDeadlineSeconds in ${kind} is not Supported`;
    errors.push(forbiddenField(`${path}.spec.activeDeadlineSeconds`, detail));
  }
  return errors;
}

/** The template below spec, where the selector can be asked; else what is wrong with the selector, in `malformed`'s words. */
export function validateSelectedTemplate(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec,
  kind: string,
  malformed: string,
): FieldError[] {
  if (selector !== undefined && isMalformed(selector)) return [invalidValue("spec.selector", selector, malformed)];
  return [
    ...validateSelectorMatches(selector, template, "spec.template"),
    ...validateLongRunningTemplate(template, kind, "spec.template"),
  ];
}

export function checkCountOrPercent(path: string, value: IntOrString | undefined): FieldError[] {
  return typeof value === "string" ? checkText(path, value, isPercent) : checkNonNegative(path, value);
}

export function checkAtMostAll(path: string, value: IntOrString | undefined): FieldError[] {
  const percent = value === undefined ? undefined : parsePercent(value);
  return percent !== undefined && percent > 100 ? [invalidValue(path, value, "must not be greater than 100%")] : [];
}

/** The number or percentage, whichever it is; 0 for neither. */
export function countOrPercent(value: IntOrString | undefined): number {
  return typeof value === "number" ? value : value === undefined ? 0 : (parsePercent(value) ?? 0);
}

/** Counts of a status: none below zero, none of `parts` above replicas, and no more available than ready. */
export function validateReplicaCounts(
  status: { readonly [field: string]: unknown },
  fields: readonly string[],
  parts: readonly string[],
  readyName = "readyReplicas",
): FieldError[] {
  const count = (field: string): number => Number(status[field] ?? 0);
  const errors = fields.flatMap((field) => checkNonNegative(`status.${field}`, count(field)));
  for (const field of parts) {
    if (count(field) <= count("replicas")) continue;
    errors.push(invalidValue(`status.${field}`, count(field), "cannot be greater than status.replicas"));
  }
  if (count("availableReplicas") > count("readyReplicas")) {
    const detail = `cannot be greater than ${readyName}`;
    errors.push(invalidValue("status.availableReplicas", count("availableReplicas"), detail));
  }
  return errors;
}

export function checkCollisionCount(now: number | undefined, before: number | undefined): FieldError[] {
  if (before === undefined || (now !== undefined && now >= before)) return [];
  return [invalidValue("status.collisionCount", now ?? 0, "cannot be decremented")];
}
