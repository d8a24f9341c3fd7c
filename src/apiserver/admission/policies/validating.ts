/** ValidatingAdmissionPolicy: denies, warns about, or lets pass what its expressions say. */

import type { AuditAnnotation, Validation } from "../../../kinds/generated/admissionregistration-v1.ts";
import { forbidden, type StatusError } from "../../../machinery/errors/status-error.ts";
import { valueAt } from "../../../machinery/meta/accessors.ts";
import { CostBudget, OutOfBudget } from "../../expressions/budget.ts";
import { compile, evaluationMessage } from "../../expressions/cel.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectWriter } from "../../types.ts";
import { ConditionsFailed, conditionsBudget, conditionsHold } from "../conditions.ts";
import { AuditNotes, noteFailure } from "./audit-annotations.ts";
import { inTurns } from "./in-turns.ts";
import { type Binding, type BoundPolicy, type Policy, PolicySet, type PolicyTools, paramsOf } from "./policy-set.ts";
import type { ServedKinds } from "./type-checking.ts";
import { commonVariables, policyVariables, variablesOf } from "./variables.ts";

interface Denial {
  readonly message: string;
  readonly reason?: string | undefined;
  /** Which of the validations it is of; 0 where it is of none. */
  readonly index?: number | undefined;
}

const group = "admissionregistration.k8s.io";
const plural = "validatingadmissionpolicies";
const maximumMessageBytes = 5 * 1024;
const codes: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

export function validatingAdmissionPolicy(
  tools: PolicyTools,
  writer: ObjectWriter,
  servedKinds: ServedKinds,
): AdmissionPlugin {
  const noteChecked = (policy: Policy): void => void noteTypes(policy, writer, servedKinds);
  const set = new PolicySet(
    tools.reader,
    { policies: plural, bindings: "validatingadmissionpolicybindings" },
    noteChecked,
  );
  return {
    name: "ValidatingAdmissionPolicy",
    validate(request): Promise<void> | void {
      const bound = set.matching(request);
      if (bound.length > 0) return inTurns(applyAll(bound, request, tools));
    },
  };
}

/**
 * What upstream's validatingadmissionpolicy-status controller does: each generation's expressions are checked once against
 * the types that are served then. Here, since CEL and the types are.
 */
async function noteTypes(policy: Policy, writer: ObjectWriter, servedKinds: ServedKinds): Promise<void> {
  if (!isUnchecked(policy)) return;
  const target = { group, plural, namespace: "", name: policy.metadata?.name ?? "", subresource: "status" };
  try {
    // Most API servers never see a policy.
    const { typeCheck } = await import("./type-checking.ts");
    const expressionWarnings = await typeCheck(policy, servedKinds);
    await writer.modify(target, (current) => {
      // A newer one has an event of its own.
      if (!isUnchecked(current) || current.metadata?.generation !== policy.metadata?.generation) return undefined;
      const typeChecking = expressionWarnings.length === 0 ? {} : { expressionWarnings };
      const observedGeneration = current.metadata?.generation;
      return { ...current, status: { ...statusOf(current), observedGeneration, typeChecking } };
    });
  } catch {
    // Gone or changed again; then there is another event, or nobody to tell.
  }
}

const statusOf = (policy: Policy): Record<string, unknown> => (policy["status"] ?? {}) as Record<string, unknown>;

function isUnchecked(policy: Policy): boolean {
  const { observedGeneration, typeChecking } = statusOf(policy);
  return observedGeneration !== policy.metadata?.generation || typeChecking === undefined;
}

function* applyAll(all: readonly BoundPolicy[], request: AdmissionRequest, tools: PolicyTools): Generator<void, void> {
  const common = commonVariables(request, tools);
  for (const { policy, bindings } of all) {
    const notes = new AuditNotes();
    try {
      for (const binding of bindings) yield* applyBinding(policy, binding, { request, tools, common, notes });
    } finally {
      notes.publish(policy.metadata?.name ?? "", request);
    }
  }
}

interface Asked {
  readonly request: AdmissionRequest;
  readonly tools: PolicyTools;
  /** The variables that all policies share. */
  readonly common: Readonly<Record<string, unknown>>;
  readonly notes: AuditNotes;
}

function* applyBinding(policy: Policy, binding: Binding, asked: Asked): Generator<void, void> {
  const { request } = asked;
  const name = policy.metadata?.name ?? "";
  const bindingName = binding.metadata?.name ?? "";
  const where = `ValidatingAdmissionPolicy '${name}' with binding '${bindingName}'`;
  const actions = binding.spec?.validationActions ?? ["Deny"];
  for (const denial of yield* denials(policy, binding, asked)) {
    if (actions.includes("Audit")) {
      const { message, index: expressionIndex = 0 } = denial;
      const failure = { message, policy: name, binding: bindingName, expressionIndex, validationActions: actions };
      noteFailure(request, failure);
    }
    if (actions.includes("Warn")) request.warn(`Validation failed for ${where}: ${denial.message}`);
    if (actions.includes("Deny")) throw refusal(request, `${where} denied request: ${denial.message}`, denial.reason);
  }
}

function* denials(policy: Policy, binding: Binding, asked: Asked): Generator<void, Denial[]> {
  const { request, tools, common, notes } = asked;
  const { spec = {} } = policy;
  const { validations = [], variables = [], auditAnnotations = [], failurePolicy } = spec;
  let found: ReturnType<typeof paramsOf>;
  try {
    found = paramsOf(policy, binding, request, tools);
  } catch (error) {
    if (failurePolicy === "Ignore") return [];
    return [{ message: `failed to configure binding: ${(error as Error).message}` }];
  }
  const denied: Denial[] = [];
  for (const params of found) {
    const account = { budget: conditionsBudget() };
    const values = variablesOf(common, params, variables, account);
    const { budget } = account;
    const context = { authorizer: tools.authorizer, names: policyVariables, values, budget };
    try {
      if (conditionsHold(spec, request, context)) {
        account.budget = new CostBudget();
        const checks = { values, failurePolicy, budget: account.budget, notes };
        denied.push(...(yield* checkAll(validations, auditAnnotations, checks)));
      }
    } catch (error) {
      if (!(error instanceof ConditionsFailed)) throw error;
      denied.push({ message: error.message });
    }
    yield;
  }
  return denied;
}

interface CheckContext {
  readonly values: Record<string, unknown>;
  readonly failurePolicy: string | undefined;
  readonly budget: CostBudget;
  readonly notes: AuditNotes;
}

/** All validations share one budget; when that is spent, none of them counts any more. */
function* checkAll(
  validations: readonly Validation[],
  annotations: readonly AuditAnnotation[],
  context: CheckContext,
): Generator<void, Denial[]> {
  const denials: Denial[] = [];
  try {
    for (const [index, validation] of validations.entries()) {
      denials.push(...check(validation, context).map((denial) => ({ ...denial, index })));
      yield;
    }
    denials.push(...context.notes.evaluate(annotations, context).map((message) => ({ message })));
    return denials;
  } catch (error) {
    if (!(error instanceof OutOfBudget)) throw error;
    return context.failurePolicy === "Ignore" ? [] : [{ message: error.message }];
  }
}

function check(validation: Validation, context: CheckContext): Denial[] {
  const { expression, message, reason } = validation;
  const { values, failurePolicy, budget } = context;
  try {
    if (compile(expression, policyVariables).evaluate(values, budget) === true) return [];
  } catch (error) {
    if (error instanceof OutOfBudget) throw error;
    if (failurePolicy === "Ignore") return [];
    return [{ message: `expression '${expression}' resulted in error: ${evaluationMessage(error)}` }];
  }
  try {
    const text = messageOf(validation, context) || message?.trim() || `failed expression: ${expression.trim()}`;
    return [{ message: text, reason }];
  } catch (error) {
    return failurePolicy === "Ignore" ? [] : [{ message: `failed messageExpression: ${(error as Error).message}` }];
  }
}

/** Empty where the message's own expression fails: then the fixed one is used. Throws OutOfBudget. */
function messageOf({ messageExpression }: Validation, { values, budget }: CheckContext): string {
  if (!messageExpression) return "";
  try {
    const text: unknown = compile(messageExpression, policyVariables).evaluate(values, budget);
    if (typeof text !== "string" || text.includes("\n") || Buffer.byteLength(text) > maximumMessageBytes) return "";
    return text.trim();
  } catch (error) {
    if (error instanceof OutOfBudget) throw error;
    return "";
  }
}

function refusal({ kind, object, name }: AdmissionRequest, message: string, reason = "Invalid"): StatusError {
  const error = forbidden(kind, name || object?.metadata?.name || "", message);
  error.status.reason = reason;
  error.status.code = valueAt(codes, reason) ?? 422;
  const { details = {} } = error.status;
  error.status.details = { ...details, causes: [...(details.causes ?? []), { message }] };
  return error;
}
