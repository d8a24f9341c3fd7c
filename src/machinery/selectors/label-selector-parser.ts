/** The grammar of label selectors, as in apimachinery pkg/labels; used by label-selector.ts. */

import { invalidValue } from "../errors/field-error.ts";
import { valueAt } from "../meta/accessors.ts";
import { isQualifiedName } from "../validation/names.ts";
import { createRequirement, type LabelOperator, type LabelRequirement } from "./label-requirement.ts";

type TokenType =
  | "identifier"
  | "end"
  | "error"
  | ")"
  | ","
  | "!"
  | "=="
  | "="
  | ">"
  | "<"
  | "!="
  | "("
  | "in"
  | "notin";
interface Token {
  readonly type: TokenType;
  readonly text: string;
}

const symbols = /^(?:==|!=|[=!(),<>])/;
const identifier = /^[^\s=!(),<>]+/;
const binaryOperators: Readonly<Record<string, LabelOperator>> = {
  in: "in",
  notin: "notin",
  "=": "=",
  "==": "==",
  "!=": "!=",
  ">": "gt",
  "<": "lt",
};

function scan(text: string): Token[] {
  const tokens: Token[] = [];
  for (let rest = text.replace(/^[ \t\r\n]+/, ""); rest !== ""; rest = rest.replace(/^[ \t\r\n]+/, "")) {
    const symbol = symbols.exec(rest)?.[0];
    const word = symbol ?? identifier.exec(rest)?.[0] ?? rest[0] ?? "";
    const keyword = symbol !== undefined || word === "in" || word === "notin";
    tokens.push({ type: keyword ? (word as TokenType) : "identifier", text: word });
    rest = rest.slice(word.length);
  }
  tokens.push({ type: "end", text: "" });
  return tokens;
}

/** Throws an Error with upstream's message. Unsorted. */
export function parseRequirements(text: string): LabelRequirement[] {
  return new Parser(scan(text)).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** The token at the position; `in` and `notin` are values but where an operator is looked for. */
  #peek(asOperator = false): Token {
    const token = this.#tokens[Math.min(this.#position, this.#tokens.length - 1)] as Token;
    const isValue = !asOperator && (token.type === "in" || token.type === "notin");
    return isValue ? { type: "identifier", text: token.text } : token;
  }

  #take(asOperator = false): Token {
    const token = this.#peek(asOperator);
    this.#position++;
    return token;
  }

  parse(): LabelRequirement[] {
    const requirements: LabelRequirement[] = [];
    for (;;) {
      const token = this.#peek();
      if (token.type === "end") return requirements;
      if (token.type !== "identifier" && token.type !== "!") {
        throw new Error(`found '${token.text}', expected: !, identifier, or 'end of string'`);
      }
      requirements.push(this.#requirement());
      const next = this.#take();
      if (next.type === "end") return requirements;
      if (next.type !== ",") throw new Error(`found '${next.text}', expected: ',' or 'end of string'`);
      const after = this.#peek();
      if (after.type !== "identifier" && after.type !== "!") {
        throw new Error(`found '${after.text}', expected: identifier after ','`);
      }
    }
  }

  #requirement(): LabelRequirement {
    try {
      return this.#parseRequirement();
    } catch (cause) {
      throw new Error(`unable to parse requirement: ${(cause as Error).message}`, { cause });
    }
  }

  #parseRequirement(): LabelRequirement {
    let token = this.#take();
    const negated = token.type === "!";
    if (negated) token = this.#take();
    if (token.type !== "identifier") throw new Error(`found '${token.text}', expected: identifier`);
    const key = token.text;
    const errors = isQualifiedName(key);
    if (errors.length > 0) throw new Error(invalidValue("<nil>", key, errors.join("; ")).message);
    if (negated) return createRequirement(key, "!", []);
    const next = this.#peek();
    if (next.type === "end" || next.type === ",") return createRequirement(key, "exists", []);
    const operatorToken = this.#take(true);
    const operator = valueAt(binaryOperators, operatorToken.text);
    if (operator === undefined || operatorToken.type === "identifier") {
      throw new Error(`found '${operatorToken.text}', expected: in, notin, =, ==, !=, gt, lt`);
    }
    const values = operator === "in" || operator === "notin" ? this.#valueSet() : this.#exactValue();
    return createRequirement(key, operator, values);
  }

  #exactValue(): string[] {
    const next = this.#peek();
    if (next.type === "end" || next.type === ",") return [""];
    const token = this.#take();
    if (token.type !== "identifier") throw new Error(`found '${token.text}', expected: identifier`);
    return [token.text];
  }

  /** `(a,b)`; empty places (`(,a)`, `()`) stand for the empty string. */
  #valueSet(): string[] {
    const open = this.#take();
    if (open.type !== "(") throw new Error(`found '${open.text}' expected: '('`);
    const first = this.#peek();
    if (first.type === ")") {
      this.#take();
      return [""];
    }
    if (first.type !== "identifier" && first.type !== ",") {
      throw new Error(`found '${first.text}', expected: ',', ')' or identifier`);
    }
    const values = this.#identifiers();
    this.#take();
    return values;
  }

  #identifiers(): string[] {
    const values: string[] = [];
    for (;;) {
      const token = this.#take();
      if (token.type === "identifier") {
        values.push(token.text);
        const next = this.#peek();
        if (next.type === ")") return values;
        if (next.type !== ",") throw new Error(`found '${next.text}', expected: ',' or ')'`);
      } else if (token.type === ",") {
        const next = this.#peek();
        if (values.length === 0 || next.type === "," || next.type === ")") values.push("");
        if (next.type === ")") return values;
      } else throw new Error(`found '${token.text}', expected: ',', or identifier`);
    }
  }
}
