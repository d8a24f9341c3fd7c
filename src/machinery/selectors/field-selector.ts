/** Field selectors (`fieldSelector=spec.nodeName=a,status.phase!=Failed`), parsed as in apimachinery pkg/fields. */
import { badRequest } from "../errors/status-error.ts";

export interface FieldRequirement {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

export interface FieldSelector {
  readonly requirements: readonly FieldRequirement[];
}

/** Throws StatusError BadRequest. Which fields a kind knows is the caller's check. */
export function parseFieldSelector(text: string): FieldSelector {
  const requirements: FieldRequirement[] = [];
  for (const term of splitTerms(text).sort()) {
    if (term === "") continue;
    const match = /^(.*?)(!=|==|=)([\s\S]*)$/.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, field = "", operator, value = ""] = match;
    const requirement = { field, operator: operator === "!=" ? "!=" : "=", value: unescapeValue(value) } as const;
    if (field !== "" || requirement.value !== "") requirements.push(requirement);
  }
  return { requirements };
}

export function formatFieldSelector({ requirements }: FieldSelector): string {
  const escapeValue = (value: string): string => value.replace(/[\\,=]/g, "\\$&");
  return requirements.map(({ field, operator, value }) => `${field}${operator}${escapeValue(value)}`).join(",");
}

/** Whether `read(field)` meets every requirement. */
export function matchesFields(selector: FieldSelector, read: (field: string) => string): boolean {
  for (const { field, operator, value } of selector.requirements) {
    if ((read(field) === value) !== (operator === "=")) return false;
  }
  return true;
}

/** The value that a field must have for every object that is selected; undefined where the selector holds it to none. */
export function requiredValue({ requirements }: FieldSelector, field: string): string | undefined {
  return requirements.find((one) => one.field === field && one.operator === "=")?.value;
}

/** Splits at commas that no backslash precedes. */
function splitTerms(text: string): string[] {
  return text === "" ? [] : (text.match(/(?:\\[\s\S]|[^,\\]|\\$)+|(?<=,)(?=,|$)/g) ?? []);
}

function unescapeValue(text: string): string {
  return text.replace(/\\([\s\S]?)|[,=]/g, (sequence: string, escaped: string | undefined) => {
    if (sequence === "," || sequence === "=") {
      throw badRequest(`invalid field selector: unescaped character in value: ${sequence.charCodeAt(0)}`);
    }
    if (escaped !== "\\" && escaped !== "," && escaped !== "=") {
      throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
    }
    return escaped;
  });
}
