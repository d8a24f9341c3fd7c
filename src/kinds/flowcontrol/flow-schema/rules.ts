/** The rules of a flow schema: who asks, and for which resources or other paths. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "../../../machinery/errors/field-error.ts";
import { isDns1123Label, isDns1123Subdomain } from "../../../machinery/validation/names.ts";
import { checkEach, checkRequiredText, checkText } from "../../field-checks.ts";
import type {
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  ServiceAccountSubject,
  Subject,
} from "../../generated/flowcontrol-v1.ts";

const verbs = ["get", "list", "create", "update", "delete", "deletecollection", "patch", "watch", "proxy"];
const namespaceIntroduction = "each member of this list must be '*' or a DNS-1123 label; ";
/** The kind that a field of a subject belongs to. */
const kindOf = { user: "User", group: "Group", serviceAccount: "ServiceAccount" } as const;
const kinds: readonly string[] = Object.values(kindOf);

export function checkRule(rule: PolicyRulesWithSubjects, path: string): FieldError[] {
  const errors = rule.subjects?.length
    ? checkEach(rule.subjects, `${path}.subjects`, checkSubject)
    : [required(`${path}.subjects`, "subjects must contain at least one value")];
  if (!rule.resourceRules?.length && !rule.nonResourceRules?.length) {
    errors.push(required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"));
  }
  return [
    ...errors,
    ...checkEach(rule.resourceRules, `${path}.resourceRules`, checkResourceRule),
    ...checkEach(rule.nonResourceRules, `${path}.nonResourceRules`, checkNonResourceRule),
  ];
}

function checkSubject(subject: Subject, path: string): FieldError[] {
  const { kind } = subject;
  if (!kinds.includes(kind)) return [notSupported(`${path}.kind`, kind, kinds)];
  return (["serviceAccount", "user", "group"] as const).flatMap((field) => {
    const value = subject[field];
    const at = `${path}.${field}`;
    if (kindOf[field] !== kind) {
      const detail = `${field} is forbidden when subject kind is not '${kindOf[field]}'`;
      return value === undefined ? [] : [forbiddenField(at, detail)];
    }
    if (value === undefined) return [required(at, `${field} is required when subject kind is '${kind}'`)];
    if (field === "serviceAccount") return checkServiceAccount(value as ServiceAccountSubject, at);
    return value.name ? [] : [required(`${at}.name`)];
  });
}

function checkServiceAccount({ name, namespace }: ServiceAccountSubject, path: string): FieldError[] {
  return [
    ...(name === "*" ? [] : checkRequiredText(`${path}.name`, name, isDns1123Subdomain)),
    ...(namespace
      ? checkText(`${path}.namespace`, namespace, isDns1123Label)
      : [required(`${path}.namespace`, "must specify namespace for service account")]),
  ];
}

function checkResourceRule(rule: ResourcePolicyRule, path: string): FieldError[] {
  const { apiGroups, resources, namespaces } = rule;
  const errors = [
    ...checkVerbs(rule.verbs, `${path}.verbs`),
    ...checkList(apiGroups, `${path}.apiGroups`, ["resource rules must supply at least one api group", "api groups"]),
    ...checkList(resources, `${path}.resources`, ["resource rules must supply at least one resource", "resources"]),
  ];
  const at = `${path}.namespaces`;
  if (!namespaces?.length && rule.clusterScope !== true) {
    errors.push(required(at, "resource rules that are not cluster scoped must supply at least one namespace"));
  } else if (namespaces?.includes("*")) {
    errors.push(...checkList(namespaces, at, ["", "namespaces"]));
  } else {
    const introduced = (name: string): string[] => isDns1123Label(name).map((one) => namespaceIntroduction + one);
    errors.push(...checkEach(namespaces, at, (name, namePath) => checkText(namePath, name, introduced)));
  }
  return errors;
}

function checkNonResourceRule({ verbs: asked, nonResourceURLs }: NonResourcePolicyRule, path: string): FieldError[] {
  const at = `${path}.nonResourceURLs`;
  const words = ["nonResourceURLs must contain at least one value", "non-resource URLs"] as const;
  return [
    ...checkVerbs(asked, `${path}.verbs`),
    ...checkList(nonResourceURLs, at, words),
    ...(nonResourceURLs?.includes("*") ? [] : checkEach(nonResourceURLs, at, checkUrl)),
  ];
}

function checkVerbs(asked: readonly string[] | undefined, path: string): FieldError[] {
  const errors = checkList(asked, path, ["verbs must contain at least one value", "verbs"]);
  if (errors.length > 0 || asked?.includes("*") || asked?.every((verb) => verbs.includes(verb))) return errors;
  return [notSupported(path, asked, verbs)];
}

/** A list that must have values, and none beside `*`. `words` are said of an empty one, and of what it lists. */
function checkList(
  list: readonly string[] | undefined,
  path: string,
  [empty, others]: readonly [string, string],
): FieldError[] {
  if (!list?.length) return [required(path, empty)];
  const alone = !list.includes("*") || list.length === 1;
  return alone ? [] : [invalidValue(path, list, `if '*' is present, must not specify other ${others}`)];
}

function checkUrl(url: string, path: string): FieldError[] {
  const complaint = complaintAbout(url);
  return complaint === undefined ? [] : [invalidValue(path, url, complaint)];
}

function complaintAbout(url: string): string | undefined {
  if (url === "") return "must not be empty";
  if (!url.startsWith("/")) return "must start with slash";
  if (url.includes(" ")) return "must not contain white-space";
  if (url.includes("//")) return "must not contain double slash";
  const star = url.indexOf("*");
  const suffix = star === url.length - 1 && url.endsWith("/*");
  return star < 0 || suffix ? undefined : "wildcard can only do suffix matching";
}
