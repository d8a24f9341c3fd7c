/** Refuses webhook configurations and policies whose expressions do not compile. */
import { type FieldError, invalidValue } from "../../machinery/errors/field-error.ts";
import { invalid } from "../../machinery/errors/status-error.ts";
import { CompileError, compile } from "../expressions/cel.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../types.ts";
import { conditionVariables } from "./conditions.ts";
import type { Policy } from "./policies/policy-set.ts";
import { policyVariables } from "./policies/variables.ts";

interface WithConditions {
  readonly webhooks?: readonly { readonly matchConditions?: readonly { readonly expression: string }[] }[];
}

export const expressionValidation: AdmissionPlugin = {
  name: "ExpressionValidation",
  validate(request): void {
    const { kind, operation, object, subresource } = request;
    if (kind.group !== "admissionregistration.k8s.io" || subresource !== "" || object === undefined) return;
    if (operation !== "CREATE" && operation !== "UPDATE") return;
    const errors = kind.plural.endsWith("webhookconfigurations") ? checkWebhooks(request) : checkPolicy(request);
    if (errors.length > 0) throw invalid(kind, object.metadata?.name ?? "", errors);
  },
};

function check(source: string | undefined, path: string, variables: readonly string[]): FieldError[] {
  if (!source) return [];
  try {
    compile(source, variables);
    return [];
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return [invalidValue(path, source, error.detail)];
  }
}

function checkWebhooks({ object }: AdmissionRequest): FieldError[] {
  const { webhooks = [] } = object as WithConditions;
  return webhooks.flatMap(({ matchConditions = [] }, index) =>
    matchConditions.flatMap(({ expression }, at) =>
      check(expression, `webhooks[${index}].matchConditions[${at}].expression`, conditionVariables),
    ),
  );
}

const withoutParams = policyVariables.filter((name) => name !== "params");

function checkPolicy({ object }: AdmissionRequest): FieldError[] {
  const {
    paramKind,
    validations = [],
    mutations = [],
    variables = [],
    matchConditions = [],
  } = (object as Policy).spec ?? {};
  const names = paramKind === undefined ? withoutParams : policyVariables;
  return [
    ...matchConditions.flatMap(({ expression }, at) =>
      check(expression, `spec.matchConditions[${at}].expression`, names),
    ),
    ...variables.flatMap(({ expression }, at) => check(expression, `spec.variables[${at}].expression`, names)),
    ...validations.flatMap(({ expression, messageExpression }, at) => [
      ...check(expression, `spec.validations[${at}].expression`, names),
      ...check(messageExpression, `spec.validations[${at}].messageExpression`, names),
    ]),
    ...mutations.flatMap(({ applyConfiguration, jsonPatch }, at) => [
      ...check(applyConfiguration?.expression, `spec.mutations[${at}].applyConfiguration.expression`, names),
      ...check(jsonPatch?.expression, `spec.mutations[${at}].jsonPatch.expression`, names),
    ]),
  ];
}
