/**
 * Changes to how the CEL library evaluates, made on the checked tree of an expression: each step charges the account that
 * it runs on, and what would take too long is done in another way.
 */
import type { Optional } from "@marcbachmann/cel-js";
import { EvaluationCancelled, spend } from "./budget.ts";
import { costOfCall, costOfOperator, costsByResult, newList, newMap } from "./cost-of-calls.ts";
import { countCost, instrumentLoop, pushCost } from "./loop-cost.ts";
import { matches } from "./pattern-library.ts";
import { type Evaluate, type Evaluator, type Node, operandsOf } from "./syntax-tree.ts";
import { walk } from "./tree-walk.ts";
import { toilOfCall, toilOfOperator } from "./work-of-calls.ts";

/** `node` is that of a whole expression, checked. Once for each. */
export function instrument(node: Node): void {
  walk(node, instrumentNode);
}

const rethrowing = new WeakSet<object>();

/** Logical operators and quantifiers go on after errors; not after those that end the evaluation. */
function letCancelPass(evaluator: Evaluator): void {
  const prototype = Object.getPrototypeOf(evaluator) as Evaluator;
  if (rethrowing.has(prototype)) return;
  rethrowing.add(prototype);
  prototype.tryEval = function tryEval(this: Evaluator, node: Node, context: unknown): unknown {
    try {
      return this.run(node, context);
    } catch (error) {
      if (error instanceof EvaluationCancelled) throw error;
      return error;
    }
  };
}

/** What the library would set on the first evaluation. */
function evaluateOf(node: Node): Evaluate {
  if (Object.hasOwn(node, "evaluate")) return node.evaluate;
  const { alternate, macro, evaluate } = node.meta;
  if (alternate !== undefined) return (evaluator, _, context) => alternate.evaluate(evaluator, alternate, context);
  if (macro !== undefined) return (evaluator, _, context) => macro.evaluate(evaluator, macro, context);
  return evaluate;
}

function instrumentNode(node: Node): void {
  const { op, meta } = node;
  if (meta.alternate?.op === "comprehension") instrumentLoop((node.args as [string])[0], meta.alternate);
  else if (op === "call" || op === "rcall") instrumentCall(node);
  else if (node.candidates !== undefined) instrumentOperator(node);
  else instrumentValue(node);
}

function instrumentValue(node: Node): void {
  const evaluate = evaluateOf(node);
  switch (node.op) {
    case "id":
      // A namespace such as `sets` is part of a function's name.
      if (node.meta.alternate === undefined && !freeNames.has(node)) node.evaluate = charged(evaluate, 1);
      return;
    case ".":
    case "[]":
    case ".?":
    case "[?]":
      instrumentAccess(node, evaluate);
      return;
    case "list":
      if (!isConstant(node)) node.evaluate = charged(evaluate, newList);
      return;
    case "map":
      if (!isConstant(node)) node.evaluate = charged(evaluate, newMap);
      return;
    case "accuPush":
      node.evaluate = charged(evaluate, pushCost);
      return;
    case "accuInc":
      node.evaluate = charged(evaluate, countCost);
      return;
    case "?:":
      for (const branch of operandsOf(node).slice(1)) freeName(branch);
      return;
    case "comprehension":
    case "&&":
    case "||":
      node.evaluate = (evaluator, one, context) => {
        letCancelPass(evaluator);
        return evaluate(evaluator, one, context);
      };
      return;
    default:
  }
}

const charged =
  (evaluate: Evaluate, units: number): Evaluate =>
  (evaluator, node, context) => {
    const value = evaluate(evaluator, node, context);
    spend(units);
    return value;
  };

const accesses = new Set([".", "[]", ".?", "[?]"]);
const freeNames = new WeakSet<Node>();

/** cel-go does not see the name that a branch of a conditional or an index begins with: `a`, `a.b`, `a[0]`. */
function freeName(node: Node): void {
  if (node.op === "id") freeNames.add(node);
  else if (accesses.has(node.op)) freeName(operandsOf(node)[0] as Node);
}

/** To cel-go, what begins with a name is one attribute; of other values, one begins here. */
function instrumentAccess(node: Node, evaluate: Evaluate): void {
  const [base, index] = node.args as readonly [Node, unknown];
  if (node.op === "[]" || node.op === "[?]") freeName(index as Node);
  const units = base.op === "id" || base.op === "?:" || accesses.has(base.op) ? 1 : 2;
  if (node.op === "." || node.op === "[]") {
    node.evaluate = charged(evaluate, units);
    return;
  }
  node.evaluate = (evaluator, one, context) => {
    const value = evaluate(evaluator, one, context);
    if ((value as Optional).hasValue()) spend(units);
    return value;
  };
}

/** Literals, which cel-go puts together when it compiles. */
export function isConstant(node: Node): boolean {
  const { op, args } = node;
  if (op === "value") return true;
  if (op === "-_") return isConstant(args as Node);
  return (op === "list" || op === "map") && (args as readonly (Node | readonly Node[])[]).flat().every(isConstant);
}

type OperatorHandler = (left: unknown, right: unknown, node: Node, evaluator: Evaluator) => unknown;
type UnaryHandler = (value: unknown, node: Node, evaluator: Evaluator) => unknown;

function instrumentOperator(node: Node): void {
  const { op } = node;
  if (op === "!_" || op === "-_") {
    if (op === "-_" && isConstant(node)) return;
    const handle = node.handle as UnaryHandler;
    node.handle = ((value, one, evaluator) => {
      spend(1);
      return handle(value, one, evaluator);
    }) satisfies UnaryHandler;
    return;
  }
  const handle = node.handle as OperatorHandler;
  const [, list] = operandsOf(node);
  // cel-go makes a set of it.
  const isSet = op === "in" && list?.op === "list" && isConstant(list);
  node.handle = ((left, right, one, evaluator) => {
    // Most operands are numbers and truth values, which cost one whatever is done with them.
    if (isScalar(left) && op !== "in") spend(1);
    else {
      if (!isSet) spend(costOfOperator(op, left, right));
      toilOfOperator(op, left, right);
    }
    return handle(left, right, one, evaluator);
  }) satisfies OperatorHandler;
}

const isScalar = (value: unknown): boolean =>
  typeof value === "bigint" || typeof value === "number" || typeof value === "boolean";

type CallHandler = (args: readonly unknown[], evaluator: Evaluator, node: Node) => unknown;
type FunctionHandler = (args: readonly unknown[], node: Node, evaluator: Evaluator) => unknown;

const conversions = new Set([
  "int",
  "uint",
  "double",
  "bool",
  "string",
  "bytes",
  "timestamp",
  "duration",
  "dyn",
  "type",
]);

function instrumentCall(node: Node): void {
  const { op, args, meta } = node;
  const [name, ...words] = args as [string, ...unknown[]];
  if (meta.macro !== undefined) {
    if (name === "has") node.evaluate = presence(node);
    return;
  }
  const account = accountOf(
    name,
    op === "call" && conversions.has(name) && (words[0] as readonly Node[]).every(isConstant),
  );
  if (op === "call") {
    const handle = node.handle as FunctionHandler;
    node.handle = ((values, one, evaluator) =>
      account(values, () => handle(values, one, evaluator))) satisfies FunctionHandler;
  } else {
    const handle = node.handle as CallHandler;
    node.handle = ((values, evaluator, one) =>
      account(values, () => handle(values, evaluator, one))) satisfies CallHandler;
  }
}

const duration = /^[-+]?(?:(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:ns|us|µs|ms|s|m|h)){1,100}$/;
const shownCharacters = 100;

/** In the place of functions of the CEL library that are too slow; undefined: not on these values. */
const substitutes: Readonly<Record<string, (values: readonly unknown[]) => unknown>> = {
  matches: ([text, pattern]) =>
    typeof text === "string" && typeof pattern === "string" ? matches(text, pattern) : undefined,
  // The library's own pattern takes cubic time on digits; Go's numbers overflow.
  duration: ([text]) => {
    if (typeof text !== "string" || duration.test(text)) return undefined;
    throw new Error(`Invalid duration string: ${text.slice(0, shownCharacters)}`);
  },
  size: ([text]) => (typeof text === "string" ? BigInt(sizeOfText(text)) : undefined),
};

const surrogate = /[\ud800-\udbff]/;

/** In code points. */
function sizeOfText(text: string): number {
  if (!surrogate.test(text)) return text.length;
  let size = text.length;
  for (let index = 0; index < text.length; index++) {
    if ((text.codePointAt(index) as number) > 0xffff) {
      index += 1;
      size -= 1;
    }
  }
  return size;
}

type Account = (values: readonly unknown[], call: () => unknown) => unknown;

/** cel-go converts literals when it compiles. */
function accountOf(name: string, isFree: boolean): Account {
  const substitute = substitutes[name];
  const byResult = costsByResult.has(name);
  return (values, call) => {
    if (!isFree && !byResult) spend(costOfCall(name, values, undefined));
    toilOfCall(name, values);
    const result = substitute?.(values) ?? call();
    if (byResult) spend(costOfCall(name, values, result));
    return result;
  };
}

/** `has(a.b.c)` costs what `a.b` costs. */
function presence(node: Node): Evaluate {
  const evaluate = evaluateOf(node);
  return (evaluator, one, context) => {
    const found = evaluate(evaluator, one, context);
    const { length = 2 } = (one.meta.macro as { macroHasProps?: readonly Node[] }).macroHasProps ?? [];
    spend(Math.max(0, length - 2));
    return found;
  };
}
