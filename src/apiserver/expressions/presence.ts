/**
 * `has(…)` of what is not a plain path, `has(self.list[0].field)`: the parser's own macro refuses it, so such expressions
 * are parsed again with one of ours.
 */
import { type Environment, Optional } from "@marcbachmann/cel-js";
import type { Tree } from "./cel.ts";

export const presenceMacro = "hasFieldOf";

interface Evaluator {
  run(tree: Tree, context: unknown): unknown;
}

interface Checker {
  check(tree: Tree, context: unknown): unknown;
  getType(name: string): unknown;
}

interface Macro {
  readonly args: readonly [Tree];
}

/** The expression with our macro in the place of `has`. */
export const withPresenceMacro = (source: string): string =>
  source.replace(
    // Without an end of a literal being needed, so that what has none is not looked through again and again.
    /("(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?)|(?<![\w.])has(?=\s*\()/g,
    (_, literal: string | undefined) => literal ?? presenceMacro,
  );

export function registerPresence(environment: Environment): void {
  environment.registerFunction(`${presenceMacro}(ast): bool`, ({ args }: Macro) => ({
    args,
    async: false,
    typeCheck(checker: Checker, macro: Macro, context: unknown) {
      const [tree] = macro.args;
      if (tree.op !== "." && tree.op !== ".?") throw new Error("has() invalid argument");
      checker.check((tree.args as [Tree, string])[0], context);
      return checker.getType("bool");
    },
    evaluate(evaluator: Evaluator, macro: Macro, context: unknown) {
      const [base, name] = macro.args[0].args as [Tree, string];
      const value = evaluator.run(base, context);
      return hasField(value, name);
    },
  }));
}

function hasField(value: unknown, name: string): boolean {
  if (value instanceof Optional) return value.hasValue() && hasField(value.value(), name);
  if (value instanceof Map) return value.has(name);
  if (typeof value !== "object" || value === null) throw new Error("no such overload");
  return Object.hasOwn(value, name) && (value as Record<string, unknown>)[name] !== undefined;
}
