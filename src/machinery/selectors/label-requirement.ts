/** One requirement of a label selector: its checks, its match and its text form. */
import { invalidValue } from "../errors/field-error.ts";
import { isLabelValue, isQualifiedName } from "../validation/names.ts";

export type LabelOperator = "=" | "==" | "!=" | "in" | "notin" | "exists" | "!" | "gt" | "lt";

export interface LabelRequirement {
  readonly key: string;
  readonly operator: LabelOperator;
  /** Sorted, without repetition. */
  readonly values: readonly string[];
}

export type Labels = Readonly<Record<string, string>> | undefined;

export function matchesRequirement({ key, operator, values }: LabelRequirement, labels: Labels): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case "=":
    case "==":
      return value === values[0];
    case "in":
      return value !== undefined && values.includes(value);
    case "!=":
    case "notin":
      return value === undefined || !values.includes(value);
    case "exists":
      return value !== undefined;
    case "!":
      return value === undefined;
    default: {
      if (value === undefined || !isInteger(value)) return false;
      const [actual, bound] = [BigInt(value), BigInt(values[0] as string)];
      return operator === "gt" ? actual > bound : actual < bound;
    }
  }
}

export function formatRequirement({ key, operator, values }: LabelRequirement): string {
  switch (operator) {
    case "exists":
      return key;
    case "!":
      return `!${key}`;
    case "in":
    case "notin":
      return `${key} ${operator} (${values.join(",")})`;
    case "gt":
      return `${key}>${values[0]}`;
    case "lt":
      return `${key}<${values[0]}`;
    default:
      return `${key}${operator}${values[0]}`;
  }
}

const isInteger = (text: string): boolean => {
  if (!/^[+-]?\d+$/.test(text)) return false;
  const value = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value;
};

/** A checked requirement; throws an Error with upstream's message (joined in brackets where there are several). */
export function createRequirement(key: string, operator: LabelOperator, given: readonly string[]): LabelRequirement {
  const values = [...new Set(given)].sort();
  const errors: string[] = [];
  const complain = (field: string, value: unknown, detail: string): void => {
    errors.push(invalidValue(field, value, detail).message);
  };
  const keyErrors = isQualifiedName(key);
  if (keyErrors.length > 0) complain("key", key, keyErrors.join("; "));
  if ((operator === "in" || operator === "notin") && values.length === 0) {
    complain("values", values, "for 'in', 'notin' operators, values set can't be empty");
  }
  if ((operator === "exists" || operator === "!") && values.length > 0) {
    complain("values", values, "values set must be empty for exists and does not exist");
  }
  if ((operator === "gt" || operator === "lt") && !isInteger(values[0] ?? "")) {
    complain("values[0]", values[0], "for 'Gt', 'Lt' operators, the value must be an integer");
  }
  for (const [index, value] of values.entries()) {
    const valueErrors = isLabelValue(value);
    if (valueErrors.length > 0) complain(`values[${index}][${key}]`, value, valueErrors.join("; "));
  }
  if (errors.length > 0) throw new Error(errors.length === 1 ? errors[0] : `[${[...new Set(errors)].join(", ")}]`);
  return { key, operator, values };
}
