/** Refuses webhook configurations and policies whose expressions do not compile. */
import { type FieldError, invalidValue } from "../../machinery/errors/field-error.ts";
import { invalid } from "../../machinery/errors/status-error.ts";
import { CompileError, compile } from "../expressions/cel.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../types.ts";
import { conditionVariables } from "./conditions.ts";
import { inTurns } from "./policies/in-turns.ts";
import type { Policy } from "./policies/policy-set.ts";
import { policyVariables } from "./policies/variables.ts";

interface WithConditions {
  readonly webhooks?: readonly { readonly matchConditions?: readonly { readonly expression: string }[] }[];
}

export const expressionValidation: AdmissionPlugin = {
  name: "ExpressionValidation",
  validate(request): Promise<void> | void {
    const { kind, operation, object, subresource } = request;
    if (kind.group !== "admissionregistration.k8s.io" || subresource !== "" || object === undefined) return;
    if (operation !== "CREATE" && operation !== "UPDATE") return;
    return inTurns(checkAll(request));
  },
};

/** An expression that is there, or not, with its place. */
type Placed = readonly [path: string, source: string | undefined];

/** A body has room for many, and each takes some milliseconds to compile. */
function* checkAll({ kind, object }: AdmissionRequest): Generator<void, void> {
  const ofWebhooks = kind.plural.endsWith("webhookconfigurations");
  const { paramKind } = (object as Policy).spec ?? {};
  const names = ofWebhooks ? conditionVariables : paramKind === undefined ? withoutParams : policyVariables;
  const errors: FieldError[] = [];
  for (const [path, source] of ofWebhooks ? inWebhooks(object as WithConditions) : inPolicy(object as Policy)) {
    if (!source) continue;
    errors.push(...check(source, path, names));
    yield;
  }
  if (errors.length > 0) throw invalid(kind, object?.metadata?.name ?? "", errors);
}

function check(source: string, path: string, variables: readonly string[]): FieldError[] {
  try {
    compile(source, variables);
    return [];
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return [invalidValue(path, source, error.detail)];
  }
}

function inWebhooks({ webhooks = [] }: WithConditions): Placed[] {
  return webhooks.flatMap(({ matchConditions = [] }, index) =>
    matchConditions.map(
      ({ expression }, at): Placed => [`webhooks[${index}].matchConditions[${at}].expression`, expression],
    ),
  );
}

const withoutParams = policyVariables.filter((name) => name !== "params");

function inPolicy({ spec = {} }: Policy): Placed[] {
  const { validations = [], mutations = [], variables = [], matchConditions = [], auditAnnotations = [] } = spec;
  return [
    ...matchConditions.map(({ expression }, at): Placed => [`spec.matchConditions[${at}].expression`, expression]),
    ...variables.map(({ expression }, at): Placed => [`spec.variables[${at}].expression`, expression]),
    ...validations.flatMap(({ expression, messageExpression }, at): Placed[] => [
      [`spec.validations[${at}].expression`, expression],
      [`spec.validations[${at}].messageExpression`, messageExpression],
    ]),
    ...auditAnnotations.map(
      ({ valueExpression }, at): Placed => [`spec.auditAnnotations[${at}].valueExpression`, valueExpression],
    ),
    ...mutations.flatMap(({ applyConfiguration, jsonPatch }, at): Placed[] => [
      [`spec.mutations[${at}].applyConfiguration.expression`, applyConfiguration?.expression],
      [`spec.mutations[${at}].jsonPatch.expression`, jsonPatch?.expression],
    ]),
  ];
}
