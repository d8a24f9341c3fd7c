/** What admission policies of both kinds and their bindings have in common. Expressions are checked where they are compiled. */
import { type FieldError, forbiddenField, required } from "../../machinery/errors/field-error.ts";
import { checkOneOf, checkRequired } from "../field-checks.ts";
import type {
  MatchCondition,
  MatchResources,
  ParamKind,
  ParamRef,
  Variable,
} from "../generated/admissionregistration-v1.ts";
import {
  checkDistinct,
  failurePolicies,
  validateMatchConditions,
  validateMatchResources,
} from "./webhook-validation.ts";

interface PolicySpec {
  failurePolicy?: string | undefined;
  paramKind?: ParamKind | undefined;
  matchConstraints?: MatchResources | undefined;
  matchConditions?: MatchCondition[] | undefined;
  variables?: Variable[] | undefined;
}

export function validatePolicySpec(spec: PolicySpec): FieldError[] {
  const errors = checkOneOf("spec.failurePolicy", spec.failurePolicy, failurePolicies);
  if (spec.paramKind !== undefined) {
    errors.push(
      ...checkRequired("spec.paramKind.apiVersion", spec.paramKind.apiVersion),
      ...checkRequired("spec.paramKind.kind", spec.paramKind.kind),
    );
  }
  if (spec.matchConstraints === undefined) errors.push(required("spec.matchConstraints"));
  else {
    errors.push(...validateMatchResources(spec.matchConstraints, "spec.matchConstraints"));
    if (!spec.matchConstraints.resourceRules?.length) errors.push(required("spec.matchConstraints.resourceRules"));
  }
  return [
    ...errors,
    ...validateMatchConditions(spec.matchConditions ?? [], "spec.matchConditions"),
    ...checkDistinct(spec.variables, "spec.variables", "name", ({ name }) => name),
  ];
}

interface BindingSpec {
  policyName?: string | undefined;
  paramRef?: ParamRef | undefined;
  matchResources?: MatchResources | undefined;
}

export function validateBindingSpec({ policyName, paramRef, matchResources }: BindingSpec): FieldError[] {
  return [
    ...checkRequired("spec.policyName", policyName),
    ...(paramRef === undefined ? [] : validateParamRef(paramRef, "spec.paramRef")),
    ...(matchResources === undefined ? [] : validateMatchResources(matchResources, "spec.matchResources")),
  ];
}

function validateParamRef({ name, selector, parameterNotFoundAction }: ParamRef, path: string): FieldError[] {
  const errors: FieldError[] = [];
  if (name && selector !== undefined) {
    errors.push(forbiddenField(`${path}.name`, "name and selector are mutually exclusive"));
  }
  if (!name && selector === undefined) errors.push(required(path, "one of name or selector must be specified"));
  if (!parameterNotFoundAction) return [...errors, required(`${path}.parameterNotFoundAction`)];
  return [...errors, ...checkOneOf(`${path}.parameterNotFoundAction`, parameterNotFoundAction, ["Allow", "Deny"])];
}
