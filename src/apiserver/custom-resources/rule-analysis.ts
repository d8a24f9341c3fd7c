/**
 * What a rule names that its schema does not have, and how much work it is on a value. Walks the syntax tree of an
 * expression along a schema.
 */
import type { Tree } from "../expressions/cel.ts";
import { escapeName } from "../expressions/values.ts";
import { isMap, type JsonSchema, valuesOf } from "./schema.ts";

const loops = new Set(["all", "exists", "exists_one", "map", "filter", "existsOne"]);

interface Seen {
  /** undefined: not known. */
  readonly schema: JsonSchema | undefined;
  readonly cost: number;
}

type Scope = ReadonlyMap<string, JsonSchema | undefined>;
/** How many elements a list or map has, by its schema or by the value at hand. */
type SizeOf = (list: Tree, schema: JsonSchema | undefined) => number;

export class UndefinedField extends Error {}

/** Throws UndefinedField. */
export function checkFields(tree: Tree, schema: JsonSchema): void {
  const scope: Scope = new Map([
    ["self", schema],
    ["oldSelf", schema],
  ]);
  visit(tree, scope, () => 1);
}

/** How many steps a rule takes, with the sizes of the lists that are really there. */
export function stepsFor(tree: Tree, schema: JsonSchema, self: unknown): number {
  const scope: Scope = new Map([["self", schema]]);
  const sizeOf: SizeOf = (list) => {
    const value = valueAt(list, self);
    if (Array.isArray(value)) return value.length;
    return isMap(value) ? Object.keys(value).length : 1;
  };
  return visit(tree, scope, sizeOf).cost;
}

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && "op" in value;

function visit(tree: Tree, scope: Scope, sizeOf: SizeOf): Seen {
  const { op, args } = tree;
  if (op === "id") return { schema: scope.get(args as string), cost: 1 };
  if (op === "." || op === ".?") {
    const [base, name] = args as [Tree, string];
    const { schema, cost } = visit(base, scope, sizeOf);
    return { schema: fieldOf(schema, name), cost: cost + 1 };
  }
  if (op === "[]" || op === "[?]") {
    const [base, index] = args as [Tree, Tree];
    const { schema, cost } = visit(base, scope, sizeOf);
    const below = schema?.items ?? (schema === undefined ? undefined : valuesOf(schema));
    return { schema: below, cost: cost + visit(index, scope, sizeOf).cost };
  }
  if (op === "rcall") return visitCall(args as [string, Tree, readonly Tree[]], scope, sizeOf);
  const children = (Array.isArray(args) ? args : [args]).flat(2).filter(isTree);
  return { schema: undefined, cost: children.reduce((sum, child) => sum + visit(child, scope, sizeOf).cost, 1) };
}

function visitCall([name, receiver, args]: [string, Tree, readonly Tree[]], scope: Scope, sizeOf: SizeOf): Seen {
  const { schema, cost } = visit(receiver, scope, sizeOf);
  const [first] = args;
  if (!loops.has(name) || first?.op !== "id" || args.length < 2) {
    return { schema: undefined, cost: args.reduce((sum, one) => sum + visit(one, scope, sizeOf).cost, cost + 1) };
  }
  const variables = args.slice(0, -1).filter(({ op }) => op === "id");
  const element = schema?.items;
  const inner = new Map(scope);
  for (const variable of variables) inner.set(variable.args as string, variables.length === 1 ? element : undefined);
  const body = args.slice(variables.length).reduce((sum, one) => sum + visit(one, inner, sizeOf).cost, 0);
  // A filtered list still has elements of the same schema.
  return { schema: name === "filter" ? schema : undefined, cost: cost + sizeOf(receiver, schema) * body };
}

function fieldOf(schema: JsonSchema | undefined, name: string): JsonSchema | undefined {
  if (schema === undefined) return undefined;
  const found = Object.entries(schema.properties ?? {}).find(([key]) => escapeName(key) === name);
  if (found !== undefined) return found[1];
  const values = valuesOf(schema);
  if (values !== undefined) return values;
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  if (embedded && ["apiVersion", "kind", "metadata"].includes(name)) return undefined;
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true || schema["x-kubernetes-int-or-string"] === true;
  // Upstream hides what it knows no type of, so preserved unknown fields cannot be named; here they may be.
  if (open || schema.type === undefined) return undefined;
  throw new UndefinedField(`undefined field '${name}'`);
}

function valueAt(tree: Tree, self: unknown): unknown {
  if (tree.op === "id") return tree.args === "self" ? self : undefined;
  if (tree.op !== ".") return undefined;
  const [base, name] = tree.args as [Tree, string];
  const value = valueAt(base, self);
  return isMap(value) ? value[name] : undefined;
}
