/** What a rule names that its schema does not have. Walks the syntax tree of an expression along a schema. */
import type { Tree } from "../expressions/cel.ts";
import { escapeName } from "../expressions/values.ts";
import { type JsonSchema, valuesOf } from "./schema.ts";

const loops = new Set(["all", "exists", "exists_one", "map", "filter", "existsOne"]);

/** undefined: not known. */
type Found = JsonSchema | undefined;
type Scope = ReadonlyMap<string, Found>;

export class UndefinedField extends Error {}

/** Throws UndefinedField. */
export function checkFields(tree: Tree, schema: JsonSchema): void {
  const scope: Scope = new Map([
    ["self", schema],
    ["oldSelf", schema],
  ]);
  visit(tree, scope);
}

const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null && "op" in value;

/** The schema of what an expression gives. */
function visit(tree: Tree, scope: Scope): Found {
  const { op, args } = tree;
  if (op === "id") return scope.get(args as string);
  if (op === "." || op === ".?") {
    const [base, name] = args as [Tree, string];
    return fieldOf(visit(base, scope), name);
  }
  if (op === "[]" || op === "[?]") {
    const [base, index] = args as [Tree, Tree];
    const schema = visit(base, scope);
    visit(index, scope);
    return schema?.items ?? (schema === undefined ? undefined : valuesOf(schema));
  }
  if (op === "rcall") return visitCall(args as [string, Tree, readonly Tree[]], scope);
  for (const child of (Array.isArray(args) ? args : [args]).flat(2).filter(isTree)) visit(child, scope);
  return undefined;
}

function visitCall([name, receiver, args]: [string, Tree, readonly Tree[]], scope: Scope): Found {
  const schema = visit(receiver, scope);
  const [first] = args;
  if (!loops.has(name) || first?.op !== "id" || args.length < 2) {
    for (const one of args) visit(one, scope);
    return undefined;
  }
  const variables = args.slice(0, -1).filter(({ op }) => op === "id");
  const inner = new Map(scope);
  for (const variable of variables) {
    inner.set(variable.args as string, variables.length === 1 ? schema?.items : undefined);
  }
  for (const one of args.slice(variables.length)) visit(one, inner);
  // A filtered list still has elements of the same schema.
  return name === "filter" ? schema : undefined;
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
