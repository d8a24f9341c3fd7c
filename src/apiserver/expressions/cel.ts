/**
 * The Common Expression Language as Kubernetes uses it: one environment with its extension functions. Fed by rules of
 * custom resources, match conditions of webhooks and admission policies; evaluation is synchronous and has no effects.
 */
import { Environment, type ParseResult } from "@marcbachmann/cel-js";
import { BoundedCache } from "../../lib/bounded-cache.ts";
import { PatternError } from "../../lib/regular-expression/index.ts";
import { registerAuthorizer } from "./authorizer.ts";
import { CostBudget } from "./budget.ts";
import { instrument } from "./instrument.ts";
import { registerLibraries } from "./libraries.ts";
import { withoutMessages } from "./message-literals.ts";
import { literalComplaint } from "./pattern-library.ts";
import { presenceMacro, registerPresence, withPresenceMacro } from "./presence.ts";
import type { Node } from "./syntax-tree.ts";
import { walk } from "./tree-walk.ts";

/** An expression that cannot be compiled, in cel-go's form: `ERROR: <input>:1:6: Syntax error: …`. */
export class CompileError extends Error {
  /** What apiserver says of it. */
  get detail(): string {
    return this.message.startsWith("ERROR: ") ? `compilation failed: ${this.message}` : this.message;
  }
}

export interface Expression {
  readonly source: string;
  /** The syntax tree: `op` and `args`. */
  readonly tree: Tree;
  /** The variables that the expression names. */
  readonly names: ReadonlySet<string>;
  /** The type of the result as far as it is known: `bool`, `dyn`. */
  readonly type: string;
  /** Throws Error where evaluation fails, EvaluationCancelled where it costs more than it may or the budget has. */
  evaluate(variables: Readonly<Record<string, unknown>>, budget?: CostBudget): unknown;
}

export interface Tree {
  readonly op: string;
  readonly args: unknown;
}

const environments = new Map<string, Environment>();

function environmentOf(variables: readonly string[]): Environment {
  const key = variables.join();
  let environment = environments.get(key);
  if (environment === undefined) {
    environment = new Environment({
      unlistedVariablesAreDyn: false,
      homogeneousAggregateLiterals: false,
      enableOptionalTypes: true,
    });
    registerLibraries(environment);
    registerAuthorizer(environment);
    registerPresence(environment);
    for (const name of variables) environment.registerVariable(name, "dyn");
    environments.set(key, environment);
  }
  return environment;
}

/** cel-go's limit, in code points. */
const longestSource = 100_000;
/** Of the tree; cel-go refuses what is nested deeper than 250, but not chains. */
const deepestTree = 1_000;
/** A character of source is a node at most, with what evaluates it. */
const bytesPerCharacter = 400;
const compiled = new BoundedCache<Expression>(32 * 1024 * 1024);

/** Throws CompileError on wrong syntax, unknown variables and types that cannot fit. Remembers what it compiled. */
export function compile(source: string, variables: readonly string[]): Expression {
  const key = `${variables.join()} ${source}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const expression = prepare(source, variables);
  compiled.set(key, expression, source.length * bytesPerCharacter);
  return expression;
}

function prepare(source: string, variables: readonly string[]): Expression {
  const { run, type } = parse(source, variables);
  const tree = run.ast as unknown as Node;
  checkPatterns(tree);
  instrument(tree);
  return {
    source,
    type,
    names: namesIn(tree),
    tree,
    evaluate: (values, budget = new CostBudget()) =>
      budget.charge(() => run(values as Record<string, unknown>) as unknown),
  };
}

/** Throws CompileError on patterns that stand in the expression and are none. */
function checkPatterns(tree: Node): void {
  walk(tree, (node) => {
    let complaint: string | undefined;
    try {
      complaint = literalComplaint(node);
    } catch (cause) {
      if (!(cause instanceof PatternError)) throw cause;
      throw new CompileError(`program instantiation failed: ${cause.message}`, { cause });
    }
    if (complaint !== undefined) throw new CompileError(`ERROR: <input>:1:1: ${complaint}`);
  });
}

function parse(source: string, variables: readonly string[]): { run: ParseResult; type: string } {
  if (source.length > longestSource) checkLength(source);
  let run: ParseResult;
  try {
    run = environmentOf(variables).parse(withoutMessages(source));
  } catch (cause) {
    throw new CompileError(described("Syntax error: ", cause), { cause });
  }
  walk(run.ast, (_, depth) => {
    if (depth > deepestTree) {
      throw new CompileError(`ERROR: <input>:-1:0: expression recursion limit exceeded: ${deepestTree}`);
    }
  });
  const { valid, error, type = "dyn" } = run.check();
  if (!valid && error?.message.startsWith("has() invalid argument") === true && !source.includes(presenceMacro)) {
    return parse(withPresenceMacro(source), variables);
  }
  if (!valid) throw new CompileError(described("", error), { cause: error });
  return { run, type };
}

function described(prefix: string, cause: unknown): string {
  const [message = ""] = (cause as Error).message.split("\n");
  const undeclared = /^Unknown variable: (.*)$/.exec(message);
  const text = undeclared === null ? message : `undeclared reference to '${undeclared[1]}' (in container '')`;
  return `ERROR: <input>:1:1: ${prefix}${text}`;
}

function checkLength(source: string): void {
  const { length } = [...source];
  if (length <= longestSource) return;
  const sizes = `size: ${length}, limit ${longestSource}`;
  throw new CompileError(`ERROR: <input>:-1:0: expression code point size exceeds limit: ${sizes}`);
}

function namesIn(tree: Node): Set<string> {
  const names = new Set<string>();
  walk(tree, ({ op, args }) => {
    if (op === "id") names.add(args as string);
  });
  return names;
}

/** The first line of what evaluation threw, with cel-go's words for what is missing. */
export function evaluationMessage(error: unknown): string {
  const [message = ""] = String((error as Error).message).split("\n");
  return message.replace(/^No such key: /, "no such key: ");
}
