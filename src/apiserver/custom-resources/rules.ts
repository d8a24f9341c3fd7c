/** x-kubernetes-validations: CEL rules at the nodes of a schema, checked on values and, before that, on themselves. */
import type { ValidationRule } from "../../kinds/generated/apiextensions-v1.ts";
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  invalidWithoutValue,
  required,
} from "../../machinery/errors/field-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { CompileError, compile, evaluationMessage } from "../expressions/cel.ts";
import { toCel, type ValueSchema } from "../expressions/values.ts";
import type { RuleCheck } from "./kind.ts";
import { analyze, maximumSize, stepsFor, UndefinedField } from "./rule-analysis.ts";
import { isMap, type JsonSchema, valuesOf } from "./schema.ts";

const variables = ["self", "oldSelf"] as const;
/** Upstream's limits for one evaluation of a rule, and for the estimate of a rule. */
const maximumSteps = 1_000_000;
const maximumEstimate = 10_000_000;

const rulesAt = (schema: JsonSchema): readonly ValidationRule[] => schema["x-kubernetes-validations"] ?? [];
const usesOldSelf = ({ rule }: ValidationRule): boolean => /\boldSelf\b/.test(rule);

function hasRules(schema: JsonSchema): boolean {
  if (rulesAt(schema).length > 0) return true;
  const values = valuesOf(schema);
  if (values !== undefined && hasRules(values)) return true;
  if (schema.items !== undefined && hasRules(schema.items)) return true;
  return Object.values(schema.properties ?? {}).some(hasRules);
}

/** The check of a schema's rules; undefined where it has none. The root's metadata is there as far as rules may see it. */
export function ruleCheckOf(schema: JsonSchema): RuleCheck | undefined {
  if (!hasRules(schema)) return undefined;
  return (object, old) => checkNode(visible(object), old === undefined ? undefined : visible(old), schema, "");
}

function visible(object: UnknownObject): UnknownObject {
  const { name, generateName } = object.metadata ?? {};
  const metadata = { ...(name === undefined ? {} : { name }), ...(generateName === undefined ? {} : { generateName }) };
  return { ...object, metadata };
}

function checkNode(value: unknown, old: unknown, schema: JsonSchema, path: string): FieldError[] {
  if (value === undefined || value === null) return [];
  const errors = rulesAt(schema).flatMap((rule) => checkRule(rule, value, old, { schema, path }));
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items !== undefined && hasRules(items)) {
      for (const [index, item] of value.entries()) {
        errors.push(...checkNode(item, correlated(item, old, schema), items, `${path}[${index}]`));
      }
    }
    return errors;
  }
  if (!isMap(value)) return errors;
  for (const [key, child] of Object.entries(value)) {
    const below = schema.properties?.[key] ?? valuesOf(schema);
    if (below === undefined || !hasRules(below)) continue;
    const before = isMap(old) ? old[key] : undefined;
    errors.push(...checkNode(child, before, below, path === "" ? key : `${path}.${key}`));
  }
  return errors;
}

/** The item of the old list with the same keys; items of other lists have no past. */
function correlated(item: unknown, old: unknown, schema: JsonSchema): unknown {
  const keys = schema["x-kubernetes-list-map-keys"];
  if (keys === undefined || !Array.isArray(old) || !isMap(item)) return undefined;
  return old.find((one) => isMap(one) && keys.every((key) => one[key] === item[key]));
}

type Place = { readonly schema: JsonSchema; readonly path: string };

function checkRule(rule: ValidationRule, value: unknown, old: unknown, { schema, path }: Place): FieldError[] {
  const transition = usesOldSelf(rule);
  if (transition && (old === undefined || old === null) && rule.optionalOldSelf !== true) return [];
  const field = path + (rule.fieldPath ?? "");
  const place = field.startsWith(".") ? field.slice(1) : field || "<nil>";
  try {
    const expression = compile(rule.rule, variables);
    if (stepsFor(expression.tree, schema, value) > maximumSteps) {
      const reason = "operation cancelled: actual cost limit exceeded";
      const detail = `'${reason}': no further validation rules will be run due to call cost exceeds limit for rule: ${rule.rule}`;
      return [invalidValue(place, schema.type, detail)];
    }
    const values = { self: toCel(value, schema as ValueSchema), oldSelf: toCel(old ?? null, schema as ValueSchema) };
    if (expression.evaluate(values) === true) return [];
    return [withReason(rule, place, value, messageOf(rule, values))];
  } catch (error) {
    const detail = `${evaluationMessage(error)} evaluating rule: ${rule.message || rule.rule}`;
    return [invalidValue(place, schema.type, detail)];
  }
}

function messageOf(rule: ValidationRule, values: Record<string, unknown>): string {
  const fixed = rule.message || `failed rule: ${rule.rule.trim()}`;
  if (!rule.messageExpression) return fixed;
  try {
    const text: unknown = compile(rule.messageExpression, variables).evaluate(values);
    return typeof text === "string" && text.trim() !== "" && !text.includes("\n") ? text.trim() : fixed;
  } catch {
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

/** Rules that do not compile, name fields that are not there, or may take too long. `path` is the schema's. */
export function validateRules(schema: JsonSchema, path: string, cardinality = 1): FieldError[] {
  const errors = rulesAt(schema).flatMap((rule, index) =>
    validateRule(rule, schema, { path: `${path}.x-kubernetes-validations[${index}]`, cardinality }),
  );
  const values = valuesOf(schema);
  const inside = cardinality * maximumSize(schema);
  if (values !== undefined) errors.push(...validateRules(values, `${path}.additionalProperties`, inside));
  if (schema.items !== undefined) errors.push(...validateRules(schema.items, `${path}.items`, inside));
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    errors.push(...validateRules(property, `${path}.properties[${key}]`, cardinality));
  }
  return errors;
}

function validateRule(
  rule: ValidationRule,
  schema: JsonSchema,
  { path, cardinality }: { path: string; cardinality: number },
): FieldError[] {
  if (rule.rule.trim() === "") return [required(`${path}.rule`, "rule is not specified")];
  try {
    const estimate = analyze(compile(rule.rule, variables).tree, schema) * cardinality;
    if (rule.messageExpression) compile(rule.messageExpression, variables);
    if (estimate <= maximumEstimate || !/\.(?:all|exists|exists_one|map|filter)\(/.test(rule.rule)) return [];
    const factor = estimate / maximumEstimate;
    const shown = factor > 100 ? "more than 100x" : `${factor < 1.5 ? factor.toFixed(6) : factor.toFixed(1)}x`;
    const detail = `estimated rule cost exceeds budget by factor of ${shown} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
    return [forbiddenField(`${path}.rule`, detail)];
  } catch (error) {
    if (!(error instanceof CompileError) && !(error instanceof UndefinedField)) throw error;
    const message = error instanceof UndefinedField ? `ERROR: <input>:1:1: ${error.message}` : error.message;
    return [invalidValue(`${path}.rule`, rule.rule, `compilation failed: ${message}`)];
  }
}
