/** Match conditions: expressions that narrow down which requests a webhook or policy is about. */
import type { MatchCondition } from "../../kinds/generated/admissionregistration-v1.ts";
import { CelAuthorizer } from "../expressions/authorizer.ts";
import { CostBudget, matchConditionsLimit, OutOfBudget } from "../expressions/budget.ts";
import { compile, evaluationMessage } from "../expressions/cel.ts";
import { toCel } from "../expressions/values.ts";
import type { AdmissionRequest, Authorizer } from "../types.ts";
import { requestFields } from "./webhooks/review.ts";

export const conditionVariables = ["object", "oldObject", "request", "authorizer", "variables"] as const;

export interface Conditional {
  readonly matchConditions?: readonly MatchCondition[] | undefined;
  readonly failurePolicy?: string | undefined;
}

export interface ConditionContext {
  readonly authorizer: Authorizer;
  /** What conditions can name, where that is more than conditionVariables, with its values. */
  readonly names?: readonly string[];
  readonly values?: Readonly<Record<string, unknown>>;
  /** Default: one of their own. */
  readonly budget?: CostBudget;
}

/** Conditions that cannot be decided, where that counts. */
export class ConditionsFailed extends Error {}

export const conditionsBudget = (): CostBudget => new CostBudget(matchConditionsLimit);

/** Variables of expressions about a request. */
export function requestVariables(request: AdmissionRequest, authorizer: Authorizer): Record<string, unknown> {
  const { object: _, oldObject: __, ...fields } = requestFields(request);
  return {
    object: toCel(request.object ?? null),
    oldObject: toCel(request.oldObject ?? null),
    request: toCel(fields),
    authorizer: new CelAuthorizer(authorizer, request.user),
    variables: {},
  };
}

/**
 * Whether all conditions are true. One that is false wins over one that fails; failing ones count as the failure policy
 * says. Throws ConditionsFailed where that is Fail.
 */
export function conditionsHold(
  { matchConditions = [], failurePolicy }: Conditional,
  request: AdmissionRequest,
  { authorizer, names = conditionVariables, values, budget = conditionsBudget() }: ConditionContext,
): boolean {
  if (matchConditions.length === 0) return true;
  const variables = values ?? requestVariables(request, authorizer);
  let failures: string[] = [];
  for (const { expression } of matchConditions) {
    try {
      if (compile(expression, names).evaluate(variables, budget) !== true) return false;
    } catch (error) {
      if (error instanceof OutOfBudget) {
        failures = [error.message];
        break;
      }
      failures.push(`expression '${expression}' resulted in error: ${evaluationMessage(error)}`);
    }
  }
  if (failures.length === 0) return true;
  if (failurePolicy === "Ignore") return false;
  const [first = "", ...others] = new Set(failures);
  throw new ConditionsFailed(others.length === 0 ? first : `[${[first, ...others].join(", ")}]`);
}
