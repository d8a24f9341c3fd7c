/** Rules, role references and subjects, shared by the four RBAC kinds. */
import { type FieldError, invalidValue, notSupportedInOrder, required } from "../../machinery/errors/field-error.ts";
import { isDns1123Subdomain, isPathSegmentName } from "../../machinery/validation/names.ts";
import { checkEach, checkRequired, checkRequiredText, checkText } from "../field-checks.ts";
import type { PolicyRule, RoleRef, Subject } from "../generated/rbac-v1.ts";
import { semanticEqual } from "../semantic-equal.ts";
import { rbacGroup } from "./rbac-group.ts";

export function validateRules(rules: readonly PolicyRule[] | undefined, namespaced: boolean): FieldError[] {
  return checkEach(rules, "rules", (rule, path) => {
    const { verbs, nonResourceURLs = [], apiGroups = [], resources = [], resourceNames = [] } = rule;
    const errors = verbs?.length ? [] : [required(`${path}.verbs`, "verbs must contain at least one value")];
    if (nonResourceURLs.length > 0) {
      const complain = (detail: string) =>
        errors.push(invalidValue(`${path}.nonResourceURLs`, nonResourceURLs, detail));
      if (namespaced) complain("namespaced rules cannot apply to non-resource URLs");
      if (apiGroups.length + resources.length + resourceNames.length > 0) {
        complain("rules cannot apply to both regular resources and non-resource URLs");
      }
      return errors;
    }
    if (apiGroups.length === 0) {
      errors.push(required(`${path}.apiGroups`, "resource rules must supply at least one api group"));
    }
    if (resources.length === 0) {
      errors.push(required(`${path}.resources`, "resource rules must supply at least one resource"));
    }
    return errors;
  });
}

interface Binding {
  roleRef: RoleRef;
  subjects?: Subject[] | undefined;
}

export function validateBinding({ roleRef, subjects }: Binding, namespaced: boolean): FieldError[] {
  const { apiGroup, kind, name } = roleRef ?? {};
  const kinds = namespaced ? ["Role", "ClusterRole"] : ["ClusterRole"];
  return [
    ...(apiGroup === rbacGroup ? [] : [notSupportedInOrder("roleRef.apiGroup", apiGroup ?? "", [rbacGroup])]),
    ...(kinds.includes(kind ?? "") ? [] : [notSupportedInOrder("roleRef.kind", kind ?? "", kinds)]),
    ...checkRequiredText("roleRef.name", name, isPathSegmentName),
    ...checkEach(subjects, "subjects", (subject, path) => validateSubject(subject, namespaced, path)),
  ];
}

function validateSubject(
  { kind, name, namespace, apiGroup }: Subject,
  namespaced: boolean,
  path: string,
): FieldError[] {
  const errors = checkRequired(`${path}.name`, name);
  if (kind === "ServiceAccount") {
    if (name) errors.push(...checkText(`${path}.name`, name, isDns1123Subdomain));
    if (apiGroup) errors.push(notSupportedInOrder(`${path}.apiGroup`, apiGroup, [""]));
    if (!namespaced && !namespace) errors.push(required(`${path}.namespace`));
  } else if (kind === "User" || kind === "Group") {
    if (apiGroup !== rbacGroup) errors.push(notSupportedInOrder(`${path}.apiGroup`, apiGroup ?? "", [rbacGroup]));
  } else {
    errors.push(notSupportedInOrder(`${path}.kind`, kind ?? "", ["ServiceAccount", "User", "Group"]));
  }
  return errors;
}

export function validateBindingUpdate({ roleRef }: Binding, old: Binding): FieldError[] {
  return semanticEqual(roleRef, old.roleRef) ? [] : [invalidValue("roleRef", roleRef, "cannot change roleRef")];
}
