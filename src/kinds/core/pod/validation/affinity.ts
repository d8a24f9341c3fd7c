/** Node and pod affinity, node selectors, and topology spread constraints. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
} from "../../../../machinery/errors/field-error.ts";
import { validateLabelSelector } from "../../../../machinery/validation/label-selector.ts";
import {
  isDns1123Label,
  isDns1123Subdomain,
  isLabelValue,
  isQualifiedName,
} from "../../../../machinery/validation/names.ts";
import { checkEach, checkOptionalOneOf, checkPositive, checkText } from "../../../field-checks.ts";
import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  TopologySpreadConstraint,
} from "../../../generated/core-v1.ts";
import type { LabelSelector } from "../../../generated/meta-v1.ts";

const requiredTerms = "requiredDuringSchedulingIgnoredDuringExecution";
const preferredTerms = "preferredDuringSchedulingIgnoredDuringExecution";
const badOperator = "not a valid selector operator";

export function validateAffinity(affinity: Affinity | undefined, path: string): FieldError[] {
  if (affinity === undefined) return [];
  const { nodeAffinity, podAffinity, podAntiAffinity } = affinity;
  const errors: FieldError[] = [];
  const selector = nodeAffinity?.[requiredTerms];
  if (selector) errors.push(...validateNodeSelector(selector, `${path}.nodeAffinity.${requiredTerms}`));
  errors.push(
    ...checkEach(nodeAffinity?.[preferredTerms], `${path}.nodeAffinity.${preferredTerms}`, (term, place) => [
      ...validateWeight(term.weight, `${place}.weight`),
      ...validateNodeSelectorTerm(term.preference, `${place}.preference`, true),
    ]),
  );
  if (podAffinity) errors.push(...validatePodAffinity(podAffinity, `${path}.podAffinity`));
  if (podAntiAffinity) errors.push(...validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`));
  return errors;
}

function validateWeight(weight: number, path: string): FieldError[] {
  return weight > 0 && weight <= 100 ? [] : [invalidValue(path, weight ?? 0, "must be in the range 1-100")];
}

/** Also of a persistent volume's node affinity. */
export function validateNodeSelector({ nodeSelectorTerms }: NodeSelector, path: string): FieldError[] {
  const place = `${path}.nodeSelectorTerms`;
  if (!nodeSelectorTerms?.length) return [required(place, "must have at least one node selector term")];
  return checkEach(nodeSelectorTerms, place, (term, termPath) => validateNodeSelectorTerm(term, termPath, false));
}

function validateNodeSelectorTerm(term: NodeSelectorTerm, path: string, anyValue: boolean): FieldError[] {
  return [
    ...checkEach(term.matchExpressions, `${path}.matchExpressions`, (one, place) =>
      validateExpression(one, place, anyValue),
    ),
    ...checkEach(term.matchFields, `${path}.matchFields`, validateFieldExpression),
  ];
}

function validateExpression({ key, operator, values }: NodeSelectorRequirement, path: string, anyValue: boolean) {
  const errors: FieldError[] = [];
  const place = `${path}.values`;
  const count = (values ?? []).length;
  if (operator === "In" || operator === "NotIn") {
    if (count === 0) errors.push(required(place, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (count > 0) {
      errors.push(forbiddenField(place, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
    }
  } else if (operator === "Gt" || operator === "Lt") {
    if (count !== 1) errors.push(required(place, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else {
    errors.push(invalidValue(`${path}.operator`, operator ?? "", badOperator));
  }
  errors.push(...checkText(`${path}.key`, key, isQualifiedName));
  if (!anyValue) errors.push(...checkEach(values, place, (value, at) => checkText(at, value, isLabelValue)));
  return errors;
}

function validateFieldExpression({ key, operator, values }: NodeSelectorRequirement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn") {
    errors.push(invalidValue(`${path}.operator`, operator ?? "", badOperator));
  } else if (values?.length !== 1) {
    const detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector";
    errors.push(required(`${path}.values`, detail));
  }
  if (key !== "metadata.name") {
    return [...errors, invalidValue(`${path}.key`, key ?? "", "not a valid field selector key")];
  }
  return [...errors, ...checkEach(values, `${path}.values`, (value, at) => checkText(at, value, isDns1123Subdomain))];
}

function validatePodAffinity(affinity: PodAffinity, path: string): FieldError[] {
  return [
    ...checkEach(affinity[requiredTerms], `${path}.${requiredTerms}`, validatePodAffinityTerm),
    ...checkEach(affinity[preferredTerms], `${path}.${preferredTerms}`, (term, place) => [
      ...validateWeight(term.weight, `${place}.weight`),
      ...validatePodAffinityTerm(term.podAffinityTerm, `${place}.podAffinityTerm`),
    ]),
  ];
}

function validatePodAffinityTerm(term: PodAffinityTerm, path: string): FieldError[] {
  return [
    ...validateLabelSelector(term.labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((name) => checkText(`${path}.namespace`, name, isDns1123Label)),
    ...validateLabelKeys(term, path),
    ...(term.topologyKey ? [] : [required(`${path}.topologyKey`, "can not be empty")]),
    ...checkText(`${path}.topologyKey`, term.topologyKey, isQualifiedName),
  ];
}

interface LabelKeys {
  matchLabelKeys?: string[] | undefined;
  mismatchLabelKeys?: string[] | undefined;
  labelSelector?: LabelSelector | undefined;
}

function validateLabelKeys(
  { matchLabelKeys, mismatchLabelKeys, labelSelector }: LabelKeys,
  path: string,
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, keys] of [
    ["matchLabelKeys", matchLabelKeys],
    ["mismatchLabelKeys", mismatchLabelKeys],
  ] as const) {
    if (!keys?.length) continue;
    const place = `${path}.${field}`;
    if (labelSelector === undefined) {
      errors.push(forbiddenField(place, "must not be specified when labelSelector is not set"));
    } else {
      errors.push(...checkEach(keys, place, (key, at) => checkText(at, key, isQualifiedName)));
    }
  }
  const selected = new Set(Object.keys(labelSelector?.matchLabels ?? {}));
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const index = (matchLabelKeys ?? []).lastIndexOf(key);
    if (index >= 0 && selected.has(key)) {
      errors.push(invalidValue(`${path}[${index}]`, key, "exists in both matchLabelKeys and labelSelector"));
    }
    selected.add(key);
  }
  for (const [index, key] of (matchLabelKeys ?? []).entries()) {
    if (!mismatchLabelKeys?.includes(key)) continue;
    const detail = "exists in both matchLabelKeys and mismatchLabelKeys";
    errors.push(invalidValue(`${path}.matchLabelKeys[${index}]`, key, detail));
  }
  return errors;
}

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  path: string,
): FieldError[] {
  return checkEach(constraints, path, (constraint, place, index) => {
    const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = constraint;
    const errors = [
      ...checkPositive(`${place}.maxSkew`, maxSkew),
      ...(topologyKey ? [] : [required(`${place}.topologyKey`, "can not be empty")]),
      ...checkOptionalOneOf(`${place}.whenUnsatisfiable`, whenUnsatisfiable ?? "", ["DoNotSchedule", "ScheduleAnyway"]),
    ];
    const repeated = (constraints ?? [])
      .slice(index + 1)
      .some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable);
    if (repeated) {
      errors.push(duplicate(`${place}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`));
    }
    if (minDomains !== undefined) {
      errors.push(...checkPositive(`${place}.minDomains`, minDomains));
      if (whenUnsatisfiable !== "DoNotSchedule") {
        const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
        errors.push(invalidValue(`${place}.minDomains`, minDomains, detail));
      }
    }
    return [
      ...errors,
      ...checkOptionalOneOf(`${place}.nodeAffinityPolicy`, constraint.nodeAffinityPolicy, ["Honor", "Ignore"]),
      ...checkOptionalOneOf(`${place}.nodeTaintsPolicy`, constraint.nodeTaintsPolicy, ["Honor", "Ignore"]),
      ...validateLabelKeys(constraint, place),
      ...validateLabelSelector(constraint.labelSelector, `${place}.labelSelector`),
    ];
  });
}
