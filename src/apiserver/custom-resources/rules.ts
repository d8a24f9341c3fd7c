/**
 * x-kubernetes-validations: CEL rules at the nodes of a schema, checked on values. Follows apiextensions' schema/cel
 * Validator: limits of cost, transition rules, and errors left out where nothing changed.
 */

import type { ValidationRule } from "../../kinds/generated/apiextensions-v1.ts";
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  invalidWithoutValue,
  required,
} from "../../machinery/errors/field-error.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { CostBudget, CostLimitExceeded, EvaluationCancelled, OutOfBudget } from "../expressions/budget.ts";
import { compile, evaluationMessage } from "../expressions/cel.ts";
import { optionalOf, toCel, type ValueSchema } from "../expressions/values.ts";
import { type Correlated, oldItems } from "./correlation.ts";
import { normalizedFieldPath } from "./rule-field-path.ts";
import { childPath, isMap, type JsonSchema, maximumErrors, valuesOf } from "./schema.ts";

export const ruleVariables = ["self", "oldSelf"] as const;
const maximumMessageBytes = 5 * 1024;
const noFurther = "no further validation rules will be run";

/** What an object was before an update. */
export interface RuleHistory {
  readonly old: UnknownObject;
  readonly correlated: Correlated;
  /** Gets errors in what did not change. */
  warn(message: string): void;
}

/** Checks the rules on an object; without history: on creation. */
export type RuleCheck = (object: UnknownObject, history?: RuleHistory) => FieldError[];

export const rulesAt = (schema: JsonSchema): readonly ValidationRule[] => schema["x-kubernetes-validations"] ?? [];
export const usesOldSelf = ({ rule }: ValidationRule): boolean => compile(rule, ruleVariables).names.has("oldSelf");

const known = new WeakMap<JsonSchema, boolean>();

function hasRules(schema: JsonSchema): boolean {
  let found = known.get(schema);
  if (found === undefined) {
    found = findRules(schema);
    known.set(schema, found);
  }
  return found;
}

function findRules(schema: JsonSchema): boolean {
  if (rulesAt(schema).length > 0) return true;
  const values = valuesOf(schema);
  if (values !== undefined && hasRules(values)) return true;
  if (schema.items !== undefined && hasRules(schema.items)) return true;
  return Object.values(schema.properties ?? {}).some(hasRules);
}

/** The check of a schema's rules; undefined where it has none. The root's metadata is there as far as rules may see it. */
export function ruleCheckOf(schema: JsonSchema): RuleCheck | undefined {
  if (!hasRules(schema)) return undefined;
  return (object, history) => {
    const run = new RuleRun(history?.warn);
    const old = history === undefined ? undefined : visible(history.old);
    const root = { schema, path: "", past: { current: history?.correlated, nearest: undefined } };
    run.check(visible(object), old, root);
    return run.errors;
  };
}

function visible(object: UnknownObject): UnknownObject {
  const { name, generateName } = object.metadata ?? {};
  const metadata = { ...(name === undefined ? {} : { name }), ...(generateName === undefined ? {} : { generateName }) };
  return { ...object, metadata };
}

/** The past of a value, and where it has none, that of the nearest value around it that has one. */
interface Past {
  readonly current: Correlated | undefined;
  readonly nearest: Correlated | undefined;
}

interface Place {
  readonly schema: JsonSchema;
  readonly path: string;
  readonly past: Past;
}

interface Node extends Place {
  readonly value: unknown;
  readonly old: unknown;
}

const isUnchanged = ({ current, nearest }: Past): boolean => (current ?? nearest)?.unchanged() === true;

function below(past: Past, find: (current: Correlated) => Correlated | undefined): Past {
  const { current } = past;
  return current === undefined ? past : { current: find(current), nearest: current };
}

/** One pass over an object; stops when the work that it may take is spent. */
class RuleRun {
  readonly errors: FieldError[] = [];
  readonly #warn: ((message: string) => void) | undefined;
  readonly #budget = new CostBudget();
  /** By what they were made of: a rule can stand at every level. */
  readonly #values = new Map<object, unknown>();
  #stopped = false;

  constructor(warn: ((message: string) => void) | undefined) {
    this.#warn = warn;
  }

  check(value: unknown, old: unknown, place: Place): void {
    if (value === undefined || value === null || this.#stopped) return;
    if (this.errors.length >= maximumErrors) return;
    this.#checkRules({ ...place, value, old });
    if (Array.isArray(value)) this.#checkItems(value, old, place);
    else if (isMap(value)) this.#checkFields(value, old, place);
  }

  #checkItems(value: readonly unknown[], old: unknown, { schema, path, past }: Place): void {
    const { items } = schema;
    if (items === undefined || !hasRules(items)) return;
    const before = oldItems(old, schema);
    for (const [index, item] of value.entries()) {
      const place = { schema: items, path: `${path}[${index}]`, past: below(past, (one) => one.item(index)) };
      this.check(item, before(item), place);
    }
  }

  #checkFields(value: Record<string, unknown>, old: unknown, { schema, path, past }: Place): void {
    for (const [key, child] of Object.entries(value)) {
      const property = valueAt(schema.properties, key);
      const inside = property ?? valuesOf(schema);
      if (inside === undefined || !hasRules(inside)) continue;
      const place = property === undefined ? `${path}[${key}]` : childPath(path, key);
      const before = isMap(old) ? valueAt(old, key) : undefined;
      this.check(child, before, { schema: inside, path: place, past: below(past, (one) => one.key(key)) });
    }
  }

  #checkRules(node: Node): void {
    const { schema, value, old } = node;
    const rules = rulesAt(schema);
    if (rules.length === 0) return;
    if (this.#budget.isSpent) {
      this.#stop(invalidValue(node.path || "<nil>", schema.type, new OutOfBudget().message));
      return;
    }
    const self = this.#converted(value, schema);
    const oldSelf = old === undefined || old === null ? undefined : this.#converted(old, schema);
    for (const rule of rules) {
      const values = { self, oldSelf: rule.optionalOldSelf === true ? optionalOf(oldSelf) : oldSelf };
      this.#checkRule(rule, node, values);
      if (this.#stopped) return;
    }
  }

  #checkRule(rule: ValidationRule, node: Node, values: Record<string, unknown>): void {
    const place = node.path || "<nil>";
    const { type } = node.schema;
    try {
      // What is new has nothing that a transition rule could compare it with.
      if (values["oldSelf"] === undefined && usesOldSelf(rule)) return;
      if (compile(rule.rule, ruleVariables).evaluate(values, this.#budget) === true) return;
    } catch (error) {
      const detail = evaluationDetail(error, rule);
      if (error instanceof EvaluationCancelled) this.#stop(invalidValue(place, type, detail));
      else this.errors.push(invalidValue(place, type, detail));
      return;
    }
    this.#failed(rule, node, values);
  }

  /** A value of a schema as expressions see it: a part of the value around it, where that has been made. */
  #converted(value: unknown, schema: JsonSchema): unknown {
    if (typeof value !== "object" || value === null) return toCel(value, schema as ValueSchema);
    let converted = this.#values.get(value);
    if (converted === undefined) {
      converted = toCel(value, schema as ValueSchema, this.#values);
      this.#values.set(value, converted as object);
    }
    return converted;
  }

  #stop(error: FieldError): void {
    this.errors.push(error);
    this.#stopped = true;
  }

  /** Errors of rules about changes stay, whatever changed. */
  #failed(rule: ValidationRule, node: Node, values: Record<string, unknown>): void {
    const field = rule.fieldPath ? normalizedFieldPath(rule.fieldPath, node.schema) : undefined;
    const place = (field === undefined ? node.path : childPath(node.path, field)) || "<nil>";
    let error: FieldError;
    try {
      error = withReason(rule, place, node.value, messageOf(rule, values, this.#budget));
    } catch (cancelled) {
      this.#stopped = true;
      error = invalidValue(place, node.schema.type, messageDetail(cancelled, rule));
    }
    if (!usesOldSelf(rule) && isUnchanged(node.past)) this.#warn?.(error.message);
    else this.errors.push(error);
  }
}

const shown = ({ message, rule }: ValidationRule): string => (message || rule).trim();

function evaluationDetail(error: unknown, rule: ValidationRule): string {
  const message = evaluationMessage(error);
  if (error instanceof OutOfBudget) return message;
  if (error instanceof CostLimitExceeded) {
    return `'${message}': ${noFurther} due to call cost exceeds limit for rule: ${shown(rule)}`;
  }
  if (!/no such overload|no matching overload/.test(message)) return `${message} evaluating rule: ${shown(rule)}`;
  return `'no such overload': call arguments did not match a supported operator, function or macro signature for rule: ${shown(rule)}`;
}

function messageDetail(cancelled: unknown, { messageExpression }: ValidationRule): string {
  if (cancelled instanceof OutOfBudget) {
    return `messageExpression evaluation failed due to running out of cost budget, ${noFurther}`;
  }
  return `${noFurther} due to call cost exceeds limit for messageExpression: ${JSON.stringify(messageExpression)}`;
}

/** Throws EvaluationCancelled where the message costs more than it may. */
function messageOf(rule: ValidationRule, values: Record<string, unknown>, budget: CostBudget): string {
  const fixed = rule.message ? rule.message.trim() : `failed rule: ${shown(rule)}`;
  if (!rule.messageExpression) return fixed;
  try {
    const result: unknown = compile(rule.messageExpression, ruleVariables).evaluate(values, budget);
    const text = typeof result === "string" ? result.trim() : "";
    return text === "" || text.includes("\n") || Buffer.byteLength(text) > maximumMessageBytes ? fixed : text;
  } catch (error) {
    if (error instanceof EvaluationCancelled) throw error;
    // Upstream logs this and falls back, too.
    return fixed;
  }
}

function withReason({ reason }: ValidationRule, path: string, value: unknown, detail: string): FieldError {
  switch (reason) {
    case "FieldValueForbidden":
      return forbiddenField(path, detail);
    case "FieldValueRequired":
      return required(path, detail);
    case "FieldValueDuplicate":
      return duplicate(path, value);
    default:
      return typeof value === "object" ? invalidWithoutValue(path, detail) : invalidValue(path, value, detail);
  }
}
