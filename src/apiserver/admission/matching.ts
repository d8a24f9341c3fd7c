/** Which requests a webhook or an admission policy is about: its rules and selectors. */
import type { MatchResources, NamedRuleWithOperations } from "../../kinds/generated/admissionregistration-v1.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { type LabelSelectorObject, labelSelectorFromObject } from "../../machinery/selectors/label-selector.ts";
import type { AdmissionRequest, ObjectReader } from "../types.ts";

type Rule = Pick<NamedRuleWithOperations, "operations" | "apiGroups" | "apiVersions" | "resources" | "scope"> & {
  readonly resourceNames?: readonly string[] | undefined;
};

export interface Match {
  readonly rules?: readonly Rule[] | undefined;
  readonly excludeRules?: readonly Rule[] | undefined;
  readonly namespaceSelector?: unknown;
  readonly objectSelector?: unknown;
  readonly matchPolicy?: string | undefined;
}

export const matchOf = (match: MatchResources | undefined): Match => ({
  rules: match?.resourceRules,
  excludeRules: match?.excludeResourceRules,
  namespaceSelector: match?.namespaceSelector,
  objectSelector: match?.objectSelector,
  matchPolicy: match?.matchPolicy,
});

/** Requests about admission's own configuration are never sent to it, so that nobody locks himself out. */
export function isExempt({ kind }: AdmissionRequest): boolean {
  return kind.group === "admissionregistration.k8s.io";
}

/** `everything`: no rules match all requests (bindings narrow a policy down). */
export function matches(match: Match, request: AdmissionRequest, reader: ObjectReader, everything = false): boolean {
  const byRule =
    match.rules === undefined || match.rules.length === 0
      ? everything
      : match.rules.some((rule) => ruleMatches(rule, request, match.matchPolicy !== "Exact"));
  if (!byRule) return false;
  if (match.excludeRules?.some((rule) => ruleMatches(rule, request, match.matchPolicy !== "Exact"))) return false;
  return namespaceMatches(match.namespaceSelector, request, reader) && objectMatches(match.objectSelector, request);
}

const has = (list: readonly string[] | undefined, value: string): boolean =>
  list === undefined || list.includes("*") || list.includes(value);

function ruleMatches(rule: Rule, request: AdmissionRequest, equivalent: boolean): boolean {
  const { kind, operation, name } = request;
  if (!has(rule.operations, operation) || !has(rule.apiGroups, kind.group)) return false;
  // Versions of a custom resource are the same object; whoever asks for one of them sees all.
  const isCustom = kind.schemas[kind.schemaName]?.structural === true;
  if (!has(rule.apiVersions, kind.version) && !(equivalent && isCustom)) return false;
  if (!resourceMatches(rule.resources, request)) return false;
  if (rule.resourceNames?.length && !rule.resourceNames.includes(name)) return false;
  const { scope = "*" } = rule;
  return scope === "*" || (scope === "Namespaced") === (request.namespace !== "" && kind.namespaced);
}

function resourceMatches(resources: readonly string[] | undefined, { kind, subresource }: AdmissionRequest): boolean {
  return (resources ?? []).some((text) => {
    const [resource = "", sub = ""] = text.split("/");
    const isResource = resource === "*" || resource === kind.plural;
    if (text === "*/*") return true;
    return isResource && (sub === "*" || sub === subresource);
  });
}

const isEmpty = (selector: unknown): boolean => {
  const { matchLabels = {}, matchExpressions = [] } = (selector ?? {}) as LabelSelectorObject;
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
};

function namespaceMatches(selector: unknown, request: AdmissionRequest, reader: ObjectReader): boolean {
  if (isEmpty(selector)) return true;
  const { kind, namespace, object, oldObject, name } = request;
  const isNamespace = kind.group === "" && kind.plural === "namespaces";
  if (!isNamespace && (namespace === "" || !kind.namespaced)) return true;
  const labels = isNamespace
    ? (object ?? oldObject ?? reader.get<UnknownObject>("", "namespaces", "", name))?.metadata?.labels
    : reader.get<UnknownObject>("", "namespaces", "", namespace)?.metadata?.labels;
  return labelSelectorFromObject(selector as LabelSelectorObject).matches(labels ?? {});
}

function objectMatches(selector: unknown, { object, oldObject }: AdmissionRequest): boolean {
  if (isEmpty(selector)) return true;
  const labels = labelSelectorFromObject(selector as LabelSelectorObject);
  return [object, oldObject].some((one) => one !== undefined && labels.matches(one.metadata?.labels ?? {}));
}
