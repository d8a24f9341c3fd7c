/**
 * Static checks of expressions whose variables have types. The checker of the CEL library stops at the first mistake and
 * is stricter about null than cel-go; here it goes on behind each mistake, and speaks cel-go's words.
 */
import { Environment } from "@marcbachmann/cel-js";
import { registerAuthorizer } from "./authorizer.ts";
import { registerLibraries } from "./libraries.ts";
import { withoutMessages } from "./message-literals.ts";
import type { StructTypes } from "./object-types.ts";
import { boolean, dynamic, type Mistake, type Node, operandsOf, type Type, typeOf } from "./syntax-tree.ts";
import { display, type Issue, issuesOf } from "./type-issues.ts";

export interface Declarations {
  /** Variable to type: one of CEL's, of the libraries', or of `structs`. */
  readonly variables: Readonly<Record<string, string>>;
  readonly structs: StructTypes;
}

export interface CheckedExpression {
  /** Of the result; `dyn` where it cannot be told or the expression is wrong. */
  readonly type: string;
  /** cel-go's listing, an entry a mistake: place, message, the line and a mark under it. Absent: none. */
  readonly issues?: string;
}

export type Checker = (source: string) => CheckedExpression;

/** cel-go gives up after so many. */
const maximumMistakes = 100;

let libraries: Environment | undefined;

/** A checker for expressions in which `declarations` are known and nothing else. */
export function createChecker({ variables, structs }: Declarations): Checker {
  libraries ??= environmentWithLibraries();
  const environment = libraries.clone();
  for (const [name, fields] of Object.entries(structs)) {
    environment.registerType(name, { ctor: class Struct {}, fields: { ...fields } });
  }
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
  return (source) => check(environment, source);
}

function environmentWithLibraries(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
  });
  registerLibraries(environment);
  registerAuthorizer(environment);
  return environment;
}

interface Outcome {
  readonly valid: boolean;
  readonly type?: string;
  readonly error?: Mistake;
}

function check(environment: Environment, text: string): CheckedExpression {
  const source = withoutMessages(text);
  let run: ReturnType<Environment["parse"]>;
  try {
    run = environment.parse(source);
  } catch (error) {
    const { summary, range } = error as { summary: string; range?: { start: number } };
    return { type: "dyn", issues: display(source, { at: range?.start ?? 0, message: `Syntax error: ${summary}` }) };
  }
  checkFieldsOfHas(run.ast as unknown as Node);
  const found: Issue[] = [];
  for (let count = 0; count < maximumMistakes; count++) {
    const { valid, type = "dyn", error } = run.check() as unknown as Outcome;
    if (valid && found.length === 0) return { type };
    const node = error?.node;
    if (valid || error === undefined || node === undefined || node.checkedType === dynamic) break;
    if (isPermitted(error, node)) node.checkedType = typeOfPermitted(node);
    else {
      const root = run.ast as unknown as Node;
      found.push(...issuesOf(error, node, { source, root, isFunction: (name) => functionsOf(environment).has(name) }));
      // As in cel-go, what a mistake gives fits everywhere, so that one mistake is told once.
      node.checkedType = dynamic;
    }
  }
  if (found.length === 0) return { type: "dyn" };
  found.sort((a, b) => a.at - b.at);
  return { type: "dyn", issues: found.map((issue) => display(source, issue)).join("\n") };
}

const functionsOf = (environment: Environment): ReadonlySet<string> =>
  new Set(environment.getDefinitions().functions.map(({ name }) => name));

/** The library's `has` looks at no types; cel-go's wants the fields to be there. */
function checkFieldsOfHas(node: unknown): void {
  if (Array.isArray(node)) for (const one of node) checkFieldsOfHas(one);
  else if (typeof node === "object" && node !== null && "op" in node) {
    const { op, args, meta } = node as Node;
    if (op === "call" && (args as unknown[])[0] === "has" && meta.macro !== undefined) {
      const original = meta.macro.typeCheck;
      meta.macro.typeCheck = (checker, macro, context) => {
        const [subject] = macro.args;
        if (subject !== undefined) checker.check(subject, context);
        return original(checker, macro, context);
      };
    }
    checkFieldsOfHas(args);
  }
}

const takesNull = ({ kind, name }: Type): boolean => kind === "message" || name.startsWith("google.protobuf.");

/** Whether cel-go takes what the library refuses: null for a struct, and structs of one type compared. */
function isPermitted({ code }: Mistake, node: Node): boolean {
  const isComparison = code === "no_such_overload" && (node.op === "==" || node.op === "!=");
  if (!isComparison && code !== "incompatible_ternary_branches") return false;
  const [left, right] = operandsOf(node).slice(-2).map(typeOf);
  if (left === undefined || right === undefined) return false;
  return (
    left.name === right.name || (left.name === "null" && takesNull(right)) || (right.name === "null" && takesNull(left))
  );
}

function typeOfPermitted(node: Node): Type {
  if (node.op !== "?:") return boolean;
  const [left, right] = operandsOf(node).slice(-2).map(typeOf);
  return (left?.name === "null" ? right : left) ?? dynamic;
}
