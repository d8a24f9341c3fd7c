/** audit.k8s.io/v1 Policy: which requests leave a trace, and how much of them. Read from a file, evaluated once a request. */
import { nameIsDnsSubdomain } from "../validation/names.ts";

export const auditLevels = ["None", "Metadata", "Request", "RequestResponse"] as const;
export type AuditLevel = (typeof auditLevels)[number];
export const auditStages = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"] as const;
export type AuditStage = (typeof auditStages)[number];

export interface AuditPolicyRule {
  readonly level: AuditLevel;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly AuditedResources[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

export interface AuditedResources {
  readonly group?: string;
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface AuditPolicy {
  readonly rules: readonly AuditPolicyRule[];
  readonly omitStages?: readonly AuditStage[];
  readonly omitManagedFields?: boolean;
}

/** What a rule looks at. */
export interface AuditedRequest {
  /** Undefined: authentication failed. */
  readonly user: { readonly username: string; readonly groups: readonly string[] } | undefined;
  readonly verb: string;
  readonly isResourceRequest: boolean;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AuditDecision {
  readonly level: AuditLevel;
  readonly omitStages: ReadonlySet<AuditStage>;
  readonly omitManagedFields: boolean;
}

/** Throws Error with everything that is wrong with it. Fields that are not known are passed over, as upstream. */
export function parseAuditPolicy(value: unknown): AuditPolicy {
  const policy = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (policy["apiVersion"] !== "audit.k8s.io/v1" || policy["kind"] !== "Policy") {
    throw new Error("it must have apiVersion audit.k8s.io/v1 and kind Policy");
  }
  const rules = policy["rules"];
  if (!Array.isArray(rules) || rules.length === 0) throw new Error("loaded illegal policy with 0 rules");
  const errors = [
    ...stageErrors(policy["omitStages"], "omitStages"),
    ...rules.flatMap((rule: unknown, index) => ruleErrors(rule, `rules[${index}]`)),
  ];
  if (errors.length > 0) throw new Error(errors.join("; "));
  return policy as unknown as AuditPolicy;
}

function ruleErrors(value: unknown, path: string): string[] {
  if (typeof value !== "object" || value === null) return [`${path}: must be an object`];
  const rule = value as Record<string, unknown>;
  const lists = ["users", "userGroups", "verbs", "namespaces", "nonResourceURLs"];
  const errors = lists.flatMap((field) => textListErrors(rule[field], `${path}.${field}`));
  const { level, resources, omitManagedFields } = rule;
  if (level === undefined || level === "") errors.push(`${path}.level: Required value`);
  else if (!(auditLevels as readonly unknown[]).includes(level)) {
    const supported = auditLevels.map((one) => JSON.stringify(one)).join(", ");
    errors.push(`${path}.level: Unsupported value: ${JSON.stringify(level)}: supported values: ${supported}`);
  }
  if (omitManagedFields !== undefined && typeof omitManagedFields !== "boolean") {
    errors.push(`${path}.omitManagedFields: must be true or false`);
  }
  errors.push(...stageErrors(rule["omitStages"], `${path}.omitStages`), ...resourceErrors(resources, path));
  if (errors.length > 0) return errors;
  const { nonResourceURLs = [], namespaces = [] } = rule as unknown as AuditPolicyRule;
  errors.push(...nonResourceURLs.flatMap((url, index) => urlErrors(url, `${path}.nonResourceURLs[${index}]`)));
  if (nonResourceURLs.length > 0 && ((resources as unknown[] | undefined)?.length ?? 0) + namespaces.length > 0) {
    errors.push(`${path}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`);
  }
  return errors;
}

function textListErrors(value: unknown, path: string): string[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) && value.every((one) => typeof one === "string")
    ? []
    : [`${path}: must be a list of texts`];
}

function stageErrors(value: unknown, path: string): string[] {
  const errors = textListErrors(value, path);
  if (errors.length > 0) return errors;
  return ((value ?? []) as string[])
    .filter((stage) => !(auditStages as readonly string[]).includes(stage))
    .map((stage) => `${path}: Invalid value: ${JSON.stringify(stage)}: allowed stages are ${auditStages.join(",")}`);
}

function resourceErrors(value: unknown, path: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return [`${path}.resources: must be a list`];
  return value.flatMap((one: unknown, index) => {
    const at = `${path}.resources[${index}]`;
    if (typeof one !== "object" || one === null) return [`${at}: must be an object`];
    const { group = "", resources, resourceNames } = one as Record<string, unknown>;
    const errors = [
      ...textListErrors(resources, `${at}.resources`),
      ...textListErrors(resourceNames, `${at}.resourceNames`),
    ];
    if (typeof group !== "string" || (group !== "" && group !== "*" && nameIsDnsSubdomain(group, false).length > 0)) {
      errors.push(`${at}.group: Invalid value: ${JSON.stringify(group)}: must be the name of a group, without version`);
    }
    if (((resourceNames ?? []) as unknown[]).length > 0 && ((resources ?? []) as unknown[]).length === 0) {
      errors.push(`${at}.resourceNames: using resourceNames requires at least one resource`);
    }
    return errors;
  });
}

function urlErrors(url: string, path: string): string[] {
  if (url === "*") return [];
  const errors: string[] = [];
  if (!url.startsWith("/")) errors.push(`${path}: non-resource URL rules must begin with a '/' character`);
  if (url.slice(0, -1).includes("*")) {
    errors.push(`${path}: non-resource URL wildcards '*' must be the final character of the rule`);
  }
  return errors;
}

/** A policy as a function: the first rule that matches decides, and without one nothing is logged. */
export function auditPolicyEvaluator(policy: AuditPolicy): (request: AuditedRequest) => AuditDecision {
  const { omitStages = [], omitManagedFields = false } = policy;
  const rules = policy.rules.map((rule) => ({
    rule,
    decision: {
      level: rule.level,
      omitStages: new Set([...omitStages, ...(rule.omitStages ?? [])]),
      omitManagedFields: rule.omitManagedFields ?? omitManagedFields,
    },
  }));
  const otherwise = { level: "None" as const, omitStages: new Set(omitStages), omitManagedFields };
  return (request) => rules.find(({ rule }) => matches(rule, request))?.decision ?? otherwise;
}

function matches(rule: AuditPolicyRule, request: AuditedRequest): boolean {
  const { users, userGroups, verbs, namespaces, resources, nonResourceURLs } = rule;
  const { user } = request;
  if (users?.length && !(user && users.includes(user.username))) return false;
  if (userGroups?.length && !user?.groups.some((group) => userGroups.includes(group))) return false;
  if (verbs?.length && !verbs.includes(request.verb)) return false;
  if (namespaces?.length || resources?.length) return matchesResource(rule, request);
  if (!nonResourceURLs?.length) return true;
  return !request.isResourceRequest && nonResourceURLs.some((spec) => matchesPath(request.path, spec));
}

function matchesPath(path: string, spec: string): boolean {
  return spec === "*" || spec === path || (spec.endsWith("*") && path.startsWith(spec.replace(/\*+$/, "")));
}

function matchesResource({ namespaces, resources }: AuditPolicyRule, request: AuditedRequest): boolean {
  if (!request.isResourceRequest) return false;
  if (namespaces?.length && !namespaces.includes(request.namespace)) return false;
  if (!resources?.length) return true;
  const { group, resource, subresource, name } = request;
  const combined = subresource === "" ? resource : `${resource}/${subresource}`;
  return resources.some((one) => {
    if (one.group !== "*" && (one.group ?? "") !== group) return false;
    if (!one.resources?.length) return true;
    if (one.resourceNames?.length && !one.resourceNames.includes(name)) return false;
    return one.resources.some(
      (spec) =>
        spec === combined ||
        spec === "*" ||
        (subresource !== "" && spec === `*/${subresource}`) ||
        spec === `${resource}/*`,
    );
  });
}
