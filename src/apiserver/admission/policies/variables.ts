/** What the expressions of a policy can name. */
import type { Variable } from "../../../kinds/generated/admissionregistration-v1.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import { compile } from "../../expressions/cel.ts";
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

/** Values for policyVariables; a policy's own variables are evaluated when they are first read. */
export function variablesOf(
  request: AdmissionRequest,
  params: UnknownObject | null,
  declared: readonly Variable[],
  { reader, authorizer }: { readonly reader: ObjectReader; readonly authorizer: Authorizer },
): Record<string, unknown> {
  const isNamespace = request.kind.group === "" && request.kind.plural === "namespaces";
  const namespace =
    request.namespace === "" || isNamespace
      ? undefined
      : reader.get<UnknownObject>("", "namespaces", "", request.namespace);
  const values: Record<string, unknown> = {
    ...requestVariables(request, authorizer),
    params: toCel(params),
    namespaceObject: toCel(namespace ?? null),
  };
  const variables: Record<string, unknown> = {};
  for (const { name, expression } of declared) {
    let known: { readonly value: unknown } | undefined;
    Object.defineProperty(variables, name, {
      enumerable: true,
      get() {
        known ??= { value: compile(expression, policyVariables).evaluate(values) };
        return known.value;
      },
    });
  }
  values["variables"] = variables;
  return values;
}
