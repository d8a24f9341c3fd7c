/** MutatingAdmissionPolicy: changes objects by apply configurations and JSON patches that its expressions give. */
import type { Mutation } from "../../../kinds/generated/admissionregistration-v1.ts";
import { formatTime } from "../../../lib/clock.ts";
import { forbidden, StatusError } from "../../../machinery/errors/status-error.ts";
import { deepCopy } from "../../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../../machinery/meta/object.ts";
import { applyConfiguration } from "../../../machinery/patch/apply/server-side-apply.ts";
import { applyJsonPatch } from "../../../machinery/patch/json-patch.ts";
import { CostBudget } from "../../expressions/budget.ts";
import { compile, evaluationMessage } from "../../expressions/cel.ts";
import { fromCel } from "../../expressions/values.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../../types.ts";
import { conditionsBudget, conditionsHold } from "../conditions.ts";
import { replaceObject } from "../mutation.ts";
import { inTurns } from "./in-turns.ts";
import { type Binding, type BoundPolicy, type Policy, PolicySet, type PolicyTools, paramsOf } from "./policy-set.ts";
import { commonVariables, policyVariables, variablesOf } from "./variables.ts";

export function mutatingAdmissionPolicy(tools: PolicyTools): AdmissionPlugin {
  const plurals = { policies: "mutatingadmissionpolicies", bindings: "mutatingadmissionpolicybindings" };
  const set = new PolicySet(tools.reader, plurals);
  return {
    name: "MutatingAdmissionPolicy",
    admit(request): Promise<void> | void {
      if (request.object === undefined) return;
      const bound = set.matching(request);
      if (bound.length > 0) return inTurns(applyAll(bound, request, tools));
    },
  };
}

function* applyAll(all: readonly BoundPolicy[], request: AdmissionRequest, tools: PolicyTools): Generator<void, void> {
  for (const bound of all) yield* apply(bound, request, tools);
}

function* apply(
  { policy, bindings }: BoundPolicy,
  request: AdmissionRequest,
  tools: PolicyTools,
): Generator<void, void> {
  const name = policy.metadata?.name ?? "";
  for (const binding of bindings) {
    try {
      yield* mutate(policy, binding, request, tools);
    } catch (error) {
      if (policy.spec?.failurePolicy === "Ignore") continue;
      const detail = error instanceof StatusError ? error.message : evaluationMessage(error);
      const where = `policy '${name}' with binding '${binding.metadata?.name}' denied request`;
      throw forbidden(request.kind, request.name || request.object?.metadata?.name || "", `${where}: ${detail}`);
    }
  }
}

function* mutate(
  policy: Policy,
  binding: Binding,
  request: AdmissionRequest,
  tools: PolicyTools,
): Generator<void, void> {
  const { variables = [], mutations = [] } = policy.spec ?? {};
  for (const params of paramsOf(policy, binding, request, tools)) {
    yield;
    const budget = conditionsBudget();
    const before = variablesOf(commonVariables(request, tools), params, variables, { budget });
    const context = { authorizer: tools.authorizer, names: policyVariables, values: before, budget };
    if (!conditionsHold(policy.spec ?? {}, request, context)) continue;
    for (const mutation of mutations) {
      const account = { budget: new CostBudget() };
      const values = variablesOf(commonVariables(request, tools), params, variables, account);
      replaceObject(request, mutated(mutation, request, values, account.budget));
      yield;
    }
  }
}

function mutated(
  { patchType, applyConfiguration: configuration, jsonPatch }: Mutation,
  { object, kind }: AdmissionRequest,
  values: Record<string, unknown>,
  budget: CostBudget,
): UnknownObject {
  const current = deepCopy(object as UnknownObject);
  const expression = (patchType === "JSONPatch" ? jsonPatch : configuration)?.expression ?? "";
  const result = fromCel(compile(expression, policyVariables).evaluate(values, budget));
  if (patchType === "JSONPatch") return applyJsonPatch(current, result) as UnknownObject;
  const { apiVersion, kind: kindName } = current;
  const wanted = { ...(result as UnknownObject), apiVersion, kind: kindName } as UnknownObject;
  const owners = current.metadata?.managedFields;
  const { managedFields: _, ...metadata } = current.metadata ?? {};
  const applied = applyConfiguration({ ...current, metadata }, wanted, {
    schemas: kind.schemas,
    typeName: kind.schemaName,
    apiVersion: apiVersion ?? "",
    manager: "admission",
    time: formatTime(0),
    force: true,
  });
  if (applied === undefined) return current;
  const { managedFields: __, ...after } = applied.metadata ?? {};
  return { ...applied, metadata: { ...after, ...(owners === undefined ? {} : { managedFields: owners }) } };
}
