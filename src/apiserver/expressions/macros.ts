/**
 * Macros of cel-go that the CEL library leaves out: `optMap` and `optFlatMap` of optionals, and comprehensions with two
 * variables (index and item of a list, key and value of a map).
 */
import { type Environment, Optional } from "@marcbachmann/cel-js";
import { EvaluationCancelled, spend, spentSoFar, toil } from "./budget.ts";
import { sizeOf } from "./cost-of-calls.ts";
import { countCost, loops, pushCost } from "./loop-cost.ts";
import type { Node, Type } from "./syntax-tree.ts";

interface Context {
  forkWithVariable(name: string, type: Type): Context;
  reuse(parent: Context): Context;
  setIterValue(value: unknown, evaluator: Evaluator): Context;
}

interface Checker {
  check(node: Node, context: Context): Type;
  getType(name: string): Type;
  createError(code: string, message: string, node: Node): Error;
}

interface Evaluator {
  run(node: Node, context: Context): unknown;
}

/** What the library hands to a macro: its arguments are not evaluated. */
interface Call {
  readonly args: readonly Node[];
  readonly receiver: Node;
}

interface Expansion {
  readonly async: false;
  typeCheck(checker: Checker, macro: unknown, context: Context): Type;
  evaluate(evaluator: Evaluator, macro: unknown, context: Context): unknown;
}

type Step = (values: readonly unknown[], expression: Node) => unknown;

function variableOf(node: Node | undefined): string {
  if (node?.op !== "id") throw new Error("argument must be a simple name");
  return node.args as string;
}

/** Checks and runs expressions in which variables have values of their own. */
class Scope {
  readonly #names: readonly string[];
  #contexts: readonly Context[] = [];

  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** The context in which the expressions are checked. */
  enter(context: Context, types: readonly Type[]): Context {
    const contexts: Context[] = [];
    for (const [index, name] of this.#names.entries()) {
      contexts.push((contexts.at(-1) ?? context).forkWithVariable(name, types[index] as Type));
    }
    this.#contexts = contexts;
    return contexts.at(-1) ?? context;
  }

  stepper(evaluator: Evaluator, context: Context): Step {
    return (values, expression) => {
      let current = context;
      for (const [index, one] of this.#contexts.entries()) {
        current = one.reuse(current).setIterValue(values[index], evaluator);
      }
      return evaluator.run(expression, current);
    };
  }
}

const hasValueCost = 1;

function optionalMacro({ args, receiver }: Call, flat: boolean): Expansion {
  const scope = new Scope([variableOf(args[0])]);
  const expression = args[1] as Node;
  return {
    async: false,
    typeCheck(checker, _, context) {
      const { kind, valueType } = checker.check(receiver, context);
      if (kind !== "optional" && kind !== "dyn") {
        throw checker.createError("optional_expected", "receiver must be optional", receiver);
      }
      const type = checker.check(expression, scope.enter(context, [valueType ?? checker.getType("dyn")]));
      return flat ? type : checker.getType(`optional<${type.name}>`);
    },
    evaluate(evaluator, _, context) {
      const before = spentSoFar();
      const optional = evaluator.run(receiver, context);
      spend(hasValueCost);
      if (!(optional instanceof Optional)) throw new Error("receiver must be optional");
      if (!optional.hasValue()) return optional;
      // cel-go writes the receiver out once more, for its value.
      spend(spentSoFar() - before);
      const result = scope.stepper(evaluator, context)([optional.value()], expression);
      if (!flat) spend(1);
      return flat ? result : Optional.of(result);
    },
  };
}

type Entry = readonly [unknown, unknown];
/** Evaluates an argument, counted from those behind the variables. */
type Run = (entry: Entry, argument: number) => unknown;

const insertCost = 3;

interface Comprehension {
  /** Of the result, by the type of the last argument. */
  type(item: Type, key: Type): string;
  fold(entries: readonly Entry[], run: Run): unknown;
}

function comprehensionMacro({ args, receiver }: Call, { type, fold }: Comprehension): Expansion {
  const [first, second, ...expressions] = args;
  const scope = new Scope([variableOf(first), variableOf(second)]);
  return {
    async: false,
    typeCheck(checker, _, context) {
      const range = checker.check(receiver, context);
      const dynamic = checker.getType("dyn");
      const key = range.kind === "list" ? checker.getType("int") : (range.keyType ?? dynamic);
      const inner = scope.enter(context, [key, range.valueType ?? dynamic]);
      const types = expressions.map((expression) => checker.check(expression, inner));
      return checker.getType(type(types.at(-1) as Type, key));
    },
    evaluate(evaluator, _, context) {
      const step = scope.stepper(evaluator, context);
      const entries = entriesOf(evaluator.run(receiver, context));
      return fold(entries, (entry, argument) => step(entry, expressions[argument] as Node));
    },
  };
}

function entriesOf(range: unknown): Entry[] {
  toil(sizeOf(range));
  if (Array.isArray(range)) return range.map((item, index) => [BigInt(index), item]);
  if (range instanceof Map) return [...range];
  if (typeof range === "object" && range !== null) return Object.entries(range);
  throw new Error("cannot be range of a comprehension (must be list, map, or dynamic)");
}

/** As `&&` and `||`: what decides wins over what fails. */
const quantifier = (decisive: boolean): Comprehension => ({
  type: () => "bool",
  fold(entries, run) {
    const { step, exit, once } = decisive ? loops.exists : loops.all;
    spend(once);
    let failure: { readonly cause: unknown } | undefined;
    for (const [index, entry] of entries.entries()) {
      spend(step);
      try {
        if (run(entry, 0) !== decisive) continue;
        if (index < entries.length - 1) spend(exit);
        return decisive;
      } catch (cause) {
        if (cause instanceof EvaluationCancelled) throw cause;
        failure ??= { cause };
      }
    }
    if (failure !== undefined) throw failure.cause;
    return !decisive;
  },
});

const existsOne: Comprehension = {
  type: () => "bool",
  fold(entries, run) {
    const found = entries.filter((entry) => run(entry, 0) === true);
    spend(loops.exists_one.once + found.length * countCost);
    return found.length === 1;
  },
};

/** What the last argument gives for the entries that pass the filter, if there is one. */
function transformed(entries: readonly Entry[], filters: boolean, run: Run, units: number): [unknown, unknown][] {
  spend(1);
  const results: [unknown, unknown][] = [];
  for (const entry of entries) {
    if (filters && run(entry, 0) !== true) continue;
    spend(units);
    results.push([entry[0], run(entry, filters ? 1 : 0)]);
  }
  return results;
}

const transformList = (filters: boolean): Comprehension => ({
  type: ({ name }) => `list<${name}>`,
  fold: (entries, run) => transformed(entries, filters, run, pushCost).map(([, value]) => value),
});

const transformMap = (filters: boolean): Comprehension => ({
  type: ({ name }, key) => `map<${key.name}, ${name}>`,
  fold: (entries, run) => new Map(transformed(entries, filters, run, insertCost)),
});

type Handler = (call: never) => unknown;

export function registerMacros(environment: Environment): void {
  const register = (signature: string, expand: (call: Call) => Expansion): void => {
    environment.registerFunction(signature, expand as Handler as () => unknown);
  };
  register("optional.optMap(ast, ast): optional<dyn>", (call) => optionalMacro(call, false));
  register("optional.optFlatMap(ast, ast): optional<dyn>", (call) => optionalMacro(call, true));
  const comprehensions: readonly [string, Comprehension][] = [
    ["list.all(ast, ast, ast): bool", quantifier(false)],
    ["list.exists(ast, ast, ast): bool", quantifier(true)],
    ["list.existsOne(ast, ast, ast): bool", existsOne],
    ["list.transformList(ast, ast, ast): list<dyn>", transformList(false)],
    ["list.transformList(ast, ast, ast, ast): list<dyn>", transformList(true)],
    ["list.transformMap(ast, ast, ast): map<dyn, dyn>", transformMap(false)],
    ["list.transformMap(ast, ast, ast, ast): map<dyn, dyn>", transformMap(true)],
  ];
  for (const [signature, comprehension] of comprehensions) {
    register(signature, (call) => comprehensionMacro(call, comprehension));
  }
}
