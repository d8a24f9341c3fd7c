/**
 * The rules of a CustomResourceDefinition's schema before they are served: their fields, whether they compile and what
 * they name, and what they may cost. In upstream's words.
 */
import type { ValidationRule } from "../../kinds/generated/apiextensions-v1.ts";
import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "../../machinery/errors/field-error.ts";
import { CompileError, compile } from "../expressions/cel.ts";
import { checkFields, UndefinedField } from "./rule-analysis.ts";
import { estimateCost } from "./rule-cost.ts";
import { normalizedFieldPath } from "./rule-field-path.ts";
import { rulesAt, ruleVariables, usesOldSelf } from "./rules.ts";
import { type JsonSchema, valuesOf } from "./schema.ts";
import { largestCount, statedCount } from "./schema-size.ts";

/** Upstream's limits for the estimates of a rule, and of all rules of a schema. */
const maximumEstimate = 10_000_000;
const maximumTotal = 100_000_000;
/** So many rules are named when they are too much together; each of them is at least a hundredth of the limit. */
const maximumNamed = 4;
const reasons = ["FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate"];
const hasLineBreak = (text: string): boolean => /[\n\r]/.test(text);

interface Place {
  readonly path: string;
  /** How many values of this schema there may be in an object; undefined: as many as fit into a request. */
  readonly cardinality: number | undefined;
  /** The path of the list around it whose items cannot be told from those before. */
  readonly uncorrelatable?: string | undefined;
  /** Gets the estimates of all rules. */
  readonly costs: { readonly path: string; readonly cost: number }[];
}

/** What is wrong with the rules of a schema at `path`. Yields behind each: there is room for many, and each is compiled. */
export function* validateRules(schema: JsonSchema, path: string): Generator<void, FieldError[]> {
  const costs: Place["costs"] = [];
  const errors = yield* validateNode(schema, { path, cardinality: 1, costs });
  const total = costs.reduce((sum, { cost }) => sum + cost, 0);
  if (total <= maximumTotal) return errors;
  const expensive = costs.filter(({ cost }) => cost >= maximumTotal / 100).sort((a, b) => b.cost - a.cost);
  const contributed = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
  const what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
  return [
    ...errors,
    ...expensive.slice(0, maximumNamed).map((one) => forbiddenField(one.path, contributed)),
    forbiddenField(path, costDetail(what, total / maximumTotal)),
  ];
}

function* validateNode(schema: JsonSchema, place: Place): Generator<void, FieldError[]> {
  const { path, cardinality } = place;
  const values = valuesOf(schema);
  const count = statedCount(schema);
  const inside = {
    ...place,
    cardinality: cardinality === undefined || count === undefined ? undefined : cardinality * count,
  };
  const errors: FieldError[] = [];
  if (values !== undefined)
    errors.push(...(yield* validateNode(values, { ...inside, path: `${path}.additionalProperties` })));
  if (schema.items !== undefined) {
    const isMap = schema["x-kubernetes-list-type"] === "map";
    const uncorrelatable = isMap ? place.uncorrelatable : (place.uncorrelatable ?? path);
    errors.push(...(yield* validateNode(schema.items, { ...inside, path: `${path}.items`, uncorrelatable })));
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...(yield* validateNode(property, { ...place, path: `${path}.properties[${key}]` })));
  }
  for (const [index, rule] of rulesAt(schema).entries()) {
    const at = { ...place, path: `${path}.x-kubernetes-validations[${index}]` };
    const wrong = validateFields(rule, schema, at.path);
    errors.push(...(wrong.length > 0 ? wrong : validateExpressions(rule, schema, at)));
    yield;
  }
  return errors;
}

function validateFields(rule: ValidationRule, schema: JsonSchema, path: string): FieldError[] {
  const errors = validateTexts(rule, path);
  const { messageExpression, reason, fieldPath } = rule;
  if (messageExpression && messageExpression.trim() === "") {
    errors.push(required(`${path}.messageExpression`, "messageExpression must be non-empty if specified"));
  }
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, reasons));
  if (!fieldPath) return errors;
  const wrongPath = (detail: string): FieldError => invalidValue(`${path}.fieldPath`, fieldPath, detail);
  if (fieldPath.trim() === "") errors.push(wrongPath("must be non-empty if specified"));
  if (hasLineBreak(fieldPath)) errors.push(wrongPath("must not contain line breaks"));
  if (normalizedFieldPath(fieldPath, schema) === undefined) errors.push(wrongPath("must be a valid path"));
  return errors;
}

function validateTexts({ rule, message = "" }: ValidationRule, path: string): FieldError[] {
  const text = message.trim();
  if (rule.trim() === "") return [required(`${path}.rule`, "rule is not specified")];
  if (message !== "" && text === "")
    return [invalidValue(`${path}.message`, message, "must be non-empty if specified")];
  if (hasLineBreak(text)) return [invalidValue(`${path}.message`, message, "must not contain line breaks")];
  if (text !== "" || !hasLineBreak(rule.trim())) return [];
  return [required(`${path}.message`, "message must be specified if rule contains line breaks")];
}

function validateExpressions(rule: ValidationRule, schema: JsonSchema, place: Place): FieldError[] {
  const { path, uncorrelatable } = place;
  const errors = expressionErrors(rule.rule, ruleKind, schema, place);
  if (rule.messageExpression && errors.length === 0) {
    errors.push(...expressionErrors(rule.messageExpression, messageKind, schema, place));
  }
  if (errors.some(({ type }) => type === "FieldValueInvalid")) return errors;
  if (!usesOldSelf(rule)) {
    if (rule.optionalOldSelf === undefined) return errors;
    const detail = "may not be set if oldSelf is not used in rule";
    return [...errors, invalidValue(`${path}.optionalOldSelf`, rule.optionalOldSelf, detail)];
  }
  if (uncorrelatable === undefined) return errors;
  const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`;
  return [...errors, invalidValue(`${path}.rule`, rule.rule, detail)];
}

interface ExpressionKind {
  readonly field: "rule" | "messageExpression";
  readonly type: "bool" | "string";
}

const ruleKind: ExpressionKind = { field: "rule", type: "bool" };
const messageKind: ExpressionKind = { field: "messageExpression", type: "string" };

function expressionErrors(source: string, kind: ExpressionKind, schema: JsonSchema, place: Place): FieldError[] {
  const path = `${place.path}.${kind.field}`;
  const prefix = kind.field === "rule" ? "" : "messageExpression ";
  try {
    const { tree, type } = compile(source, ruleVariables);
    if (type !== kind.type && type !== "dyn") {
      const detail = kind.field === "rule" ? "cel expression must evaluate to a bool" : "must evaluate to a string";
      return [invalidValue(path, source, prefix + detail)];
    }
    checkFields(tree, schema);
    const times = kind.field === "rule" ? (place.cardinality ?? largestCount(schema)) : 1;
    const estimate = estimateCost(tree, schema) * times;
    place.costs.push({ path, cost: estimate });
    if (estimate <= maximumEstimate) return [];
    return [forbiddenField(path, costDetail(`estimated ${kind.field} cost`, estimate / maximumEstimate))];
  } catch (error) {
    if (!(error instanceof CompileError) && !(error instanceof UndefinedField)) throw error;
    const undefinedField = `compilation failed: ERROR: <input>:1:1: ${error.message}`;
    const detail = error instanceof UndefinedField ? undefinedField : error.detail;
    return [invalidValue(path, source, prefix + detail)];
  }
}

function costDetail(what: string, factor: number): string {
  const shown = factor > 100 ? "more than 100x" : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}
