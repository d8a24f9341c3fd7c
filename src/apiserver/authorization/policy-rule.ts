import type { PolicyRule } from "../../kinds/generated/rbac-v1.ts";
import { goStrings } from "../../machinery/errors/go-strings.ts";
import type { AuthorizationRequest } from "../types.ts";

const has = (list: readonly string[] | undefined, wanted: string): boolean =>
  list?.some((one) => one === "*" || one === wanted) ?? false;

/** Whether a rule allows a request (rbac/v1 evaluation). */
export function ruleAllows(rule: PolicyRule, info: AuthorizationRequest["info"]): boolean {
  if (!has(rule.verbs, info.verb)) return false;
  if (!info.isResourceRequest) return (rule.nonResourceURLs ?? []).some((pattern) => urlMatches(pattern, info.path));
  if (!has(rule.apiGroups, info.group)) return false;
  if (!resourceMatches(rule.resources ?? [], info.resource, info.subresource)) return false;
  const names = rule.resourceNames ?? [];
  return names.length === 0 || names.includes(info.name);
}

function resourceMatches(resources: readonly string[], resource: string, subresource: string): boolean {
  if (subresource === "") return has(resources, resource);
  return has(resources, `${resource}/${subresource}`) || resources.includes(`*/${subresource}`);
}

function urlMatches(pattern: string, path: string): boolean {
  if (pattern === "*" || pattern === path) return true;
  if (!pattern.endsWith("*")) return false;
  let end = pattern.length;
  while (pattern[end - 1] === "*") end -= 1;
  return path.startsWith(pattern.slice(0, end));
}

/** The parts of `wanted`, broken down to one verb and one resource each, that no owned rule covers. */
export function uncoveredRules(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((rule) => covers(rule, part)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const part: PolicyRule = { apiGroups: [group], resources: [resource], verbs: [verb] };
        const names = rule.resourceNames ?? [];
        if (names.length === 0) parts.push(part);
        else for (const name of names) parts.push({ ...part, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) parts.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return parts;
}

/** `part` has at most one verb, group, resource, name and URL. */
function covers(owner: PolicyRule, part: PolicyRule): boolean {
  const within = (list: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean =>
    (wanted ?? []).every((one) => has(list, one));
  if (!within(owner.verbs, part.verbs) || !within(owner.apiGroups, part.apiGroups)) return false;
  const resource = part.resources?.[0];
  if (resource !== undefined && !has(owner.resources, resource)) {
    const slash = resource.indexOf("/");
    if (slash < 0 || !owner.resources?.includes(`*/${resource.slice(slash + 1)}`)) return false;
  }
  const names = owner.resourceNames ?? [];
  if (names.length > 0 && !(part.resourceNames ?? [""]).every((name) => names.includes(name))) return false;
  return (part.nonResourceURLs ?? []).every((url) =>
    owner.nonResourceURLs?.some((pattern) => urlMatches(pattern, url)),
  );
}

/** The rules as escalation errors list them, `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`, sorted. */
export function describeRules(rules: readonly PolicyRule[]): string[] {
  const byTarget = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const { verbs, ...target } = rule;
    const key = JSON.stringify(rule.nonResourceURLs === undefined ? target : rule);
    const existing = byTarget.get(key);
    byTarget.set(key, existing ? { ...existing, verbs: [...existing.verbs, ...verbs] } : rule);
  }
  return [...byTarget.values()].map(describeRule).sort();
}

function describeRule(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ["APIGroups", rule.apiGroups],
    ["Resources", rule.resources],
    ["NonResourceURLs", rule.nonResourceURLs],
    ["ResourceNames", rule.resourceNames],
    ["Verbs", rule.verbs],
  ];
  const shown = parts.filter(([, list]) => list !== undefined && list.length > 0);
  return `{${shown.map(([name, list]) => `${name}:${goStrings(list ?? [])}`).join(", ")}}`;
}
