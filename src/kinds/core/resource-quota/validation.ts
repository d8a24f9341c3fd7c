/** ValidateResourceQuota: names of what is counted, amounts, scopes that go together. */
import { type FieldError, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { checkEach } from "../../field-checks.ts";
import type { ResourceQuota, ResourceQuotaSpec, ScopedResourceSelectorRequirement } from "../../generated/core-v1.ts";
import {
  isHugePages,
  isStandardResource,
  validateResourceAmount,
  validateResourceName,
} from "../pod/validation/resources.ts";

const scopes = [
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
  "VolumeAttributesClass",
];
const conflicting = [
  ["BestEffort", "NotBestEffort"],
  ["Terminating", "NotTerminating"],
] as const;
const computeResources = /^((requests|limits)\.)?(cpu|memory|ephemeral-storage)$/;

/** BestEffort pods ask for nothing that could be counted but themselves. */
function scopeApplies(scope: string, resource: string): boolean {
  if (!scopes.includes(scope)) return true;
  if (scope === "BestEffort") return resource === "pods";
  if (scope === "VolumeAttributesClass") return /persistentvolumeclaims|storage$/.test(resource);
  return resource === "pods" || computeResources.test(resource) || isHugePages(resource);
}

export function validateResourceQuota({ spec = {} }: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, amount] of Object.entries(spec.hard ?? {})) {
    const path = `spec.hard[${name}]`;
    errors.push(...validateResourceName(name, path));
    if (!name.includes("/") && !isStandardResource(name)) {
      errors.push(invalidValue(path, name, "must be a standard resource for quota"));
    }
    errors.push(...validateResourceAmount(name, amount, path));
  }
  return [...errors, ...validateScopes(spec), ...validateScopeSelector(spec)];
}

function validateScopes(spec: ResourceQuotaSpec): FieldError[] {
  const given = spec.scopes ?? [];
  const complain = (detail: string) => errors.push(invalidValue("spec.scopes", given, detail));
  const errors: FieldError[] = [];
  for (const scope of given) {
    if (!scopes.includes(scope)) complain("unsupported scope");
    for (const name of Object.keys(spec.hard ?? {}).sort()) {
      if (isStandardResource(name) && !scopeApplies(scope, name)) complain("unsupported scope applied to resource");
    }
  }
  for (const pair of conflicting) if (pair.every((scope) => given.includes(scope))) complain("conflicting scopes");
  return errors;
}

function validateScopeSelector({ scopeSelector }: ResourceQuotaSpec): FieldError[] {
  const path = "spec.scopeSelector.matchExpressions";
  return checkEach(scopeSelector?.matchExpressions, path, (requirement) => validateRequirement(requirement, path));
}

// Upstream names the list, not the requirement.
function validateRequirement(requirement: ScopedResourceSelectorRequirement, path: string): FieldError[] {
  const { scopeName, operator, values = [] } = requirement;
  const errors = scopes.includes(scopeName) ? [] : [invalidValue(`${path}.scopeName`, scopeName, "unsupported scope")];
  const onlyExists =
    scopes.includes(scopeName) && scopeName !== "PriorityClass" && scopeName !== "VolumeAttributesClass";
  if (onlyExists && operator !== "Exists") {
    const detail =
      "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    errors.push(invalidValue(`${path}.operator`, operator, detail));
  }
  if (operator === "In" || operator === "NotIn") {
    const detail = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) errors.push(required(`${path}.values`, detail));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    const detail = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) errors.push(invalidValue(`${path}.values`, values, detail));
  } else errors.push(invalidValue(`${path}.operator`, operator, "not a valid selector operator"));
  return errors;
}

export function validateResourceQuotaUpdate({ spec }: ResourceQuota, old: ResourceQuota): FieldError[] {
  const set = (list: readonly string[] | undefined) => [...new Set(list ?? [])].sort().join();
  if (set(spec?.scopes) === set(old.spec?.scopes)) return [];
  return [invalidValue("spec.scopes", spec?.scopes, "field is immutable")];
}
