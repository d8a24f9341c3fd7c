/** What the expressions of a policy can name. */
import type { Variable } from "../../../kinds/generated/admissionregistration-v1.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import { type CostBudget, OutOfBudget } from "../../expressions/budget.ts";
import { compile, evaluationMessage } from "../../expressions/cel.ts";
import { toCel } from "../../expressions/values.ts";
import type { AdmissionRequest, Authorizer, ObjectReader } from "../../types.ts";
import { requestVariables } from "../conditions.ts";

export const policyVariables = [
  "object",
  "oldObject",
  "request",
  "params",
  "namespaceObject",
  "authorizer",
  "variables",
] as const;

/** Whose evaluations the policy's own variables are charged to: those in which they are first read. */
export interface Account {
  budget: CostBudget;
}

/** What is the same for all policies, as long as the object of the request is. */
export function commonVariables(
  request: AdmissionRequest,
  { reader, authorizer }: { readonly reader: ObjectReader; readonly authorizer: Authorizer },
): Readonly<Record<string, unknown>> {
  const isNamespace = request.kind.group === "" && request.kind.plural === "namespaces";
  const namespace =
    request.namespace === "" || isNamespace
      ? undefined
      : reader.get<UnknownObject>("", "namespaces", "", request.namespace);
  return { ...requestVariables(request, authorizer), namespaceObject: toCel(namespace ?? null) };
}

/** Values for policyVariables; a policy's own variables are evaluated when they are first read. */
export function variablesOf(
  common: Readonly<Record<string, unknown>>,
  params: UnknownObject | null,
  declared: readonly Variable[],
  account: Account,
): Record<string, unknown> {
  const values: Record<string, unknown> = { ...common, params: toCel(params) };
  const variables: Record<string, unknown> = {};
  for (const { name, expression } of declared) {
    let known: Result | undefined;
    Object.defineProperty(variables, name, {
      enumerable: true,
      get() {
        known ??= resultOf(name, expression, values, account.budget);
        if (known.error !== undefined) throw known.error;
        return known.value;
      },
    });
  }
  values["variables"] = variables;
  return values;
}

interface Result {
  readonly value?: unknown;
  readonly error?: Error;
}

/** A variable that fails does so once. Throws EvaluationCancelled where nothing is left for it. */
function resultOf(name: string, expression: string, values: Record<string, unknown>, budget: CostBudget): Result {
  try {
    return { value: compile(expression, policyVariables).evaluate(values, budget) };
  } catch (error) {
    if (error instanceof OutOfBudget) throw error;
    const message = `composited variable ${JSON.stringify(name)} fails to evaluate: ${evaluationMessage(error)}`;
    return { error: new Error(message, { cause: error }) };
  }
}
