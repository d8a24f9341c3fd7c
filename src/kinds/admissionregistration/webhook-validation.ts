/** Webhooks and the rules that say which requests they see, shared by both webhook configurations and the policies. */
import { duplicate, type FieldError, invalidValue, required } from "../../machinery/errors/field-error.ts";
import { validateLabelSelector } from "../../machinery/validation/label-selector.ts";
import { isDns1035Label, isDns1123Subdomain } from "../../machinery/validation/names.ts";
import { checkEach, checkOptionalOneOf, checkText, checkUnique } from "../field-checks.ts";
import type { MatchResources, RuleWithOperations, ValidatingWebhook } from "../generated/admissionregistration-v1.ts";
import { validateWebhookTarget } from "../webhook-target-validation.ts";

const operations = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const reviewVersions = ["v1", "v1beta1"];
const sideEffectClasses = ["None", "NoneOnDryRun"];
const longestTimeout = 30;
const mostMatchConditions = 64;

export const failurePolicies = ["Fail", "Ignore"];
const matchPolicies = ["Equivalent", "Exact"];

export function validateWebhooks(webhooks: readonly ValidatingWebhook[] | undefined): FieldError[] {
  return [
    ...checkEach(webhooks, "webhooks", validateWebhook),
    ...checkUnique(webhooks, "webhooks", ".name", ({ name }) => name),
  ];
}

function validateWebhook(webhook: ValidatingWebhook, path: string): FieldError[] {
  const { timeoutSeconds: timeout, sideEffects, matchConditions = [] } = webhook;
  const errors = [
    ...validateQualifiedDomainName(webhook.name, `${path}.name`),
    ...checkEach(webhook.rules, `${path}.rules`, validateRule),
    ...checkOptionalOneOf(`${path}.failurePolicy`, webhook.failurePolicy, failurePolicies),
    ...checkOptionalOneOf(`${path}.matchPolicy`, webhook.matchPolicy, matchPolicies),
  ];
  if (sideEffects === undefined) {
    errors.push(required(`${path}.sideEffects`, `must specify one of ${sideEffectClasses.join(", ")}`));
  }
  errors.push(...checkOptionalOneOf(`${path}.sideEffects`, sideEffects, sideEffectClasses));
  if (timeout !== undefined && (timeout < 1 || timeout > longestTimeout)) {
    const detail = `the timeout value must be between 1 and ${longestTimeout} seconds`;
    errors.push(invalidValue(`${path}.timeoutSeconds`, timeout, detail));
  }
  return [
    ...errors,
    ...validateLabelSelector(webhook.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(webhook.objectSelector, `${path}.objectSelector`),
    ...validateWebhookTarget(webhook.clientConfig, `${path}.clientConfig`),
    ...validateMatchConditions(matchConditions, `${path}.matchConditions`),
    ...validateReviewVersions(webhook.admissionReviewVersions ?? [], `${path}.admissionReviewVersions`),
  ];
}

function validateQualifiedDomainName(name: string | undefined, path: string): FieldError[] {
  if (!name) return [required(path)];
  const errors = checkText(path, name, isDns1123Subdomain);
  if (errors.length > 0 || name.split(".").length >= 3) return errors;
  return [invalidValue(path, name, "should be a domain with at least three segments separated by dots")];
}

export function validateMatchConditions(
  conditions: readonly { name: string; expression: string }[],
  path: string,
): FieldError[] {
  const errors = checkEach(conditions, path, ({ name, expression }, place) => [
    ...(expression?.trim() ? [] : [required(`${place}.expression`)]),
    ...(name ? [] : [required(`${place}.name`)]),
  ]);
  if (conditions.length > mostMatchConditions) {
    const message = `Too many: ${conditions.length}: must have at most ${mostMatchConditions} items`;
    errors.push({ type: "FieldValueTooMany", field: path, detailMessage: message, message: `${path}: ${message}` });
  }
  return [...errors, ...checkUnique(conditions, path, ".name", ({ name }) => name)];
}

function validateReviewVersions(versions: readonly string[], path: string): FieldError[] {
  const accepted = reviewVersions.join(", ");
  if (versions.length === 0) return [required(path, `must specify one of ${accepted}`)];
  const errors = checkEach(versions, path, (version, place, index) =>
    versions.indexOf(version) < index
      ? [invalidValue(place, version, "duplicate version")]
      : checkText(place, version, isDns1035Label),
  );
  if (!versions.some((version) => reviewVersions.includes(version))) {
    errors.push(invalidValue(path, versions, `must include at least one of ${accepted}`));
  }
  return errors;
}

function validateRule(rule: RuleWithOperations, path: string): FieldError[] {
  const given = rule.operations ?? [];
  const errors = given.length === 0 ? [required(`${path}.operations`)] : [];
  if (given.length > 1 && given.includes("*")) {
    const detail = "if '*' is present, must not specify other operations";
    errors.push(invalidValue(`${path}.operations`, given, detail));
  }
  errors.push(...checkEach(given, `${path}.operations`, (one, place) => checkOptionalOneOf(place, one, operations)));
  for (const [field, what] of [
    ["apiGroups", "API groups"],
    ["apiVersions", "API versions"],
  ] as const) {
    const values = rule[field] ?? [];
    if (values.length === 0) errors.push(required(`${path}.${field}`));
    if (values.length > 1 && values.includes("*")) {
      errors.push(invalidValue(`${path}.${field}`, values, `if '*' is present, must not specify other ${what}`));
    }
  }
  return [
    ...errors,
    ...validateResources(rule.resources ?? [], `${path}.resources`),
    ...checkOptionalOneOf(`${path}.scope`, rule.scope, ["*", "Cluster", "Namespaced"]),
  ];
}

function validateResources(resources: readonly string[], path: string): FieldError[] {
  if (resources.length === 0) return [required(path)];
  const anySubresource = new Set<string>();
  const anyResource = new Set<string>();
  const errors = checkEach(resources, path, (text, place) => {
    if (text === "") return [required(place)];
    const slash = text.indexOf("/");
    if (slash < 0) return [];
    const resource = text.slice(0, slash);
    const subresource = text.slice(slash + 1);
    const found: FieldError[] = [];
    const clash = (wildcard: string) =>
      found.push(invalidValue(place, text, `if '${wildcard}' is present, must not specify ${text}`));
    if (anySubresource.has(resource)) clash(`${resource}/*`);
    if (anyResource.has(subresource)) clash(`*/${subresource}`);
    if (subresource === "*") anySubresource.add(resource);
    if (resource === "*") anyResource.add(subresource);
    return found;
  });
  if (resources.length > 1 && resources.includes("*/*")) {
    errors.push(invalidValue(path, resources, "if '*/*' is present, must not specify other resources"));
  }
  const plain = resources.some((text) => text !== "*" && !text.includes("/"));
  if (resources.includes("*") && plain) {
    const detail = "if '*' is present, must not specify other resources without subresources";
    errors.push(invalidValue(path, resources, detail));
  }
  return errors;
}

/** What a policy or its binding matches. */
export function validateMatchResources(match: MatchResources, path: string): FieldError[] {
  return [
    ...validateLabelSelector(match.namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(match.objectSelector, `${path}.objectSelector`),
    ...checkEach(match.resourceRules, `${path}.resourceRules`, validateRule),
    ...checkEach(match.excludeResourceRules, `${path}.excludeResourceRules`, validateRule),
    ...checkOptionalOneOf(`${path}.matchPolicy`, match.matchPolicy, matchPolicies),
  ];
}

/** Names of variables and keys of annotations, each used once. */
export function checkDistinct<T>(
  list: readonly T[] | undefined,
  path: string,
  field: string,
  keyOf: (item: T) => string,
): FieldError[] {
  const seen = new Set<string>();
  return checkEach(list, path, (item, place) => {
    const key = keyOf(item);
    if (!key) return [required(`${place}.${field}`)];
    if (seen.has(key)) return [duplicate(`${place}.${field}`, key)];
    seen.add(key);
    return [];
  });
}
