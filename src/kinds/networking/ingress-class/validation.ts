/** ValidateIngressClass, ValidateIngressClassUpdate. */
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  required,
  tooLong,
} from "../../../machinery/errors/field-error.ts";
import { isDns1123Label, isDns1123Subdomain, isPathSegmentName } from "../../../machinery/validation/names.ts";
import { checkImmutable, checkOneOf, checkRequiredText, checkText } from "../../field-checks.ts";
import type { IngressClass, IngressClassParametersReference } from "../../generated/networking-v1.ts";

const longestController = 250;

export function validateIngressClass({ spec = {} }: IngressClass): FieldError[] {
  const controller = spec.controller ?? "";
  const path = "spec.controller";
  return [
    ...(controller.length > longestController ? [tooLong(path, longestController)] : []),
    ...checkDomainPrefixedPath(path, controller),
    ...(spec.parameters === undefined ? [] : validateParameters(spec.parameters, "spec.parameters")),
  ];
}

function checkDomainPrefixedPath(path: string, value: string): FieldError[] {
  if (value === "") return [required(path)];
  const slash = value.indexOf("/");
  if (slash < 0 || slash === value.length - 1) {
    return [invalidValue(path, value, 'must be a domain-prefixed path (such as "acme.io/foo")')];
  }
  const errors = checkText(path, value.slice(0, slash), isDns1123Subdomain);
  if (/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(value.slice(slash + 1))) return errors;
  const detail = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";
  return [...errors, invalidValue(path, value.slice(slash + 1), detail)];
}

function validateParameters(given: IngressClassParametersReference, path: string): FieldError[] {
  const { apiGroup, kind, name, scope, namespace } = given;
  const errors = [
    ...(apiGroup === undefined ? [] : checkText(`${path}.apiGroup`, apiGroup, isDns1123Subdomain)),
    ...checkRequiredText(`${path}.kind`, kind, isPathSegmentName),
    ...checkRequiredText(`${path}.name`, name, isPathSegmentName),
    ...checkOneOf(`${path}.scope`, scope, ["Cluster", "Namespace"]),
  ];
  const place = `${path}.namespace`;
  if (scope === "Namespace") {
    if (namespace === undefined) errors.push(required(place, "`parameters.scope` is set to 'Namespace'"));
    else errors.push(...checkText(place, namespace, isDns1123Label));
  } else if (scope === "Cluster" && namespace !== undefined) {
    errors.push(forbiddenField(place, "`parameters.scope` is set to 'Cluster'"));
  }
  return errors;
}

export function validateIngressClassUpdate({ spec }: IngressClass, old: IngressClass): FieldError[] {
  return checkImmutable("spec.controller", spec?.controller, old.spec?.controller);
}
