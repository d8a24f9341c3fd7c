/** What ValidatingAdmissionPolicies note in the audit event of a request, whether they let it pass or not. */
import type { AuditAnnotation } from "../../../kinds/generated/admissionregistration-v1.ts";
import { type CostBudget, OutOfBudget } from "../../expressions/budget.ts";
import { compile, evaluationMessage } from "../../expressions/cel.ts";
import type { AdmissionRequest } from "../../types.ts";
import { policyVariables } from "./variables.ts";

export interface AnnotationContext {
  readonly values: Record<string, unknown>;
  readonly failurePolicy: string | undefined;
  readonly budget: CostBudget;
}

const maximumValueLength = 10 * 1024;
const failureKey = "validation.policy.admission.k8s.io/validation_failure";

/** Values by key; several bindings of a policy may give several. */
export class AuditNotes {
  readonly #values = new Map<string, Set<string>>();

  /** Evaluates; answers why expressions failed where that counts. Throws OutOfBudget. */
  evaluate(annotations: readonly AuditAnnotation[], { values, failurePolicy, budget }: AnnotationContext): string[] {
    const failures: string[] = [];
    for (const { key, valueExpression } of annotations) {
      try {
        const value: unknown = compile(valueExpression, policyVariables).evaluate(values, budget);
        if (typeof value === "string") this.#add(key, value.trim());
        else if (value !== null) throw new Error("unsupported return type. Return type must be either string or null.");
      } catch (error) {
        if (error instanceof OutOfBudget) throw error;
        if (failurePolicy === "Ignore") continue;
        failures.push(`valueExpression '${valueExpression}' resulted in error: ${evaluationMessage(error)}`);
      }
    }
    return failures;
  }

  publish(policyName: string, { annotate }: AdmissionRequest): void {
    for (const [key, values] of this.#values) annotate?.(`${policyName}/${key}`, [...values].join(", "));
  }

  #add(key: string, value: string): void {
    if (value === "") return;
    const values = this.#values.get(key) ?? new Set();
    values.add(value.slice(0, maximumValueLength));
    this.#values.set(key, values);
  }
}

export interface AuditedFailure {
  readonly message: string;
  readonly policy: string;
  readonly binding: string;
  readonly expressionIndex: number;
  readonly validationActions: readonly string[];
}

/** For bindings with the action Audit. */
export function noteFailure({ annotate }: AdmissionRequest, failure: AuditedFailure): void {
  annotate?.(failureKey, JSON.stringify([failure]));
}
