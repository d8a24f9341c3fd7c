/**
 * The most that a rule may cost, before it runs: cel-go's cost model with Kubernetes' functions, on the sizes that a
 * schema allows. What no size is known of counts as one step, so that a rule is not refused for what is not known here.
 */
import type { Tree } from "../expressions/cel.ts";
import { presenceMacro } from "../expressions/presence.ts";
import { escapeName } from "../expressions/values.ts";
import { type JsonSchema, valuesOf } from "./schema.ts";
import { largestSize } from "./schema-size.ts";

const characterCost = 0.1;
const patternCost = 0.25;
const newList = 10;
const newMap = 30;
const authorizationCheck = 350_000;

type Type = "string" | "list" | "map" | "scalar";

/** What is known of the result of an expression. */
interface Value {
  readonly type?: Type | undefined;
  readonly schema?: JsonSchema | undefined;
  /** Items, keys or characters; undefined: not known. */
  readonly size?: number | undefined;
  /** Of a list made by the expression. */
  readonly element?: Value | undefined;
}

interface Costed extends Value {
  readonly cost: number;
}

type Scope = ReadonlyMap<string, Value>;

/** The estimate for one evaluation on a value of `schema`. */
export function estimateCost(tree: Tree, schema: JsonSchema): number {
  const self = ofSchema(schema);
  const scope = new Map([
    ["self", self],
    ["oldSelf", self],
  ]);
  return visit(tree, scope).cost;
}

const scalar: Value = { type: "scalar", size: 1 };
const traverse = (size: number | undefined, factor = characterCost): number => Math.ceil((size ?? 1) * factor);
const sum = (values: readonly Costed[]): number => values.reduce((total, { cost }) => total + cost, 0);

function ofSchema(schema: JsonSchema | undefined): Value {
  if (schema === undefined) return {};
  const size = largestSize(schema);
  if (schema["x-kubernetes-int-or-string"] === true) return { schema, size };
  if (schema.type === "array") return { type: "list", schema, size };
  if (schema.type === "object") return { type: "map", schema, size };
  const isText = schema.type === "string" && schema.format !== "duration" && !schema.format?.startsWith("date");
  return { type: isText ? "string" : "scalar", schema, size };
}

function elementOf({ element, schema }: Value): Value {
  if (element !== undefined) return element;
  return ofSchema(schema?.items ?? (schema === undefined ? undefined : valuesOf(schema)));
}

function fieldOf({ schema }: Value, name: string): Value {
  const property = Object.entries(schema?.properties ?? {}).find(([key]) => escapeName(key) === name);
  if (property !== undefined) return ofSchema(property[1]);
  const value = ofSchema(schema === undefined ? undefined : valuesOf(schema));
  // cel-go finds no schema by the name of a key, so it counts by the type.
  return value.type === "scalar" ? { ...value, size: 1 } : value;
}

function visit({ op, args }: Tree, scope: Scope): Costed {
  switch (op) {
    case "value":
      return { ...ofLiteral(args), cost: 0 };
    case "id":
      return { ...scope.get(args as string), cost: 1 };
    case ".":
    case ".?": {
      const [base, name] = args as [Tree, string];
      const from = visit(base, scope);
      return { ...fieldOf(from, name), cost: from.cost + 1 };
    }
    case "[]":
    case "[?]": {
      const [list, index] = (args as Tree[]).map((one) => visit(one, scope)) as [Costed, Costed];
      return { ...elementOf(list), cost: list.cost + index.cost + 1 };
    }
    case "list":
      return newListOf((args as readonly Tree[]).map((one) => visit(one, scope)));
    case "map": {
      const entries = args as readonly (readonly Tree[])[];
      return { type: "map", size: entries.length, cost: newMap + sum(entries.flat().map((one) => visit(one, scope))) };
    }
    case "call": {
      const [name, words] = args as [string, readonly Tree[]];
      const [target, ...rest] = words;
      if ((name === "has" || name === presenceMacro) && target !== undefined)
        return { ...scalar, cost: visit(target, scope).cost - 1 };
      return callCost(name, target, rest, scope);
    }
    case "rcall": {
      const [name, target, words] = args as [string, Tree, readonly Tree[]];
      return loopCost(name, target, words, scope) ?? callCost(name, target, words, scope);
    }
    default:
      return operatorCost(op, (Array.isArray(args) ? args : [args]) as readonly Tree[], scope);
  }
}

function ofLiteral(value: unknown): Value {
  if (typeof value === "string") return { type: "string", size: [...value].length };
  return value instanceof Uint8Array ? { type: "string", size: value.length } : scalar;
}

function newListOf(items: readonly Costed[]): Costed {
  const sizes = items.map(({ size }) => size).filter((size) => size !== undefined);
  const element = { ...items[0], ...(sizes.length === 0 ? {} : { size: Math.max(...sizes) }) };
  return { type: "list", size: items.length, element, cost: newList + sum(items) };
}

function operatorCost(op: string, words: readonly Tree[], scope: Scope): Costed {
  const values = words.map((one) => visit(one, scope));
  const [left, right, third] = values;
  const cost = sum(values);
  if (left === undefined || right === undefined) return { ...scalar, cost: cost + 1 };
  switch (op) {
    case "&&":
    case "||":
      return { ...scalar, cost };
    case "?:": {
      const other = third ?? right;
      const size = Math.max(right.size ?? 0, other.size ?? 0);
      return { ...right, size, cost: left.cost + Math.max(right.cost, other.cost) };
    }
    case "in":
      return { ...scalar, cost: cost + (right.type === "list" ? (right.size ?? 1) : 1) };
    case "==":
    case "!=":
      return { ...scalar, cost: cost + traverse(smaller(left, right)) };
    case "<":
    case "<=":
    case ">":
    case ">=": {
      const isText = left.type === "string" || right.type === "string";
      return { ...scalar, cost: cost + (isText ? traverse(smaller(left, right)) : 1) };
    }
    case "+":
      return joined(left, right, cost);
    default:
      return { ...scalar, cost: cost + 1 };
  }
}

function smaller(left: Value, right: Value): number | undefined {
  if (left.size === undefined || right.size === undefined) return left.size ?? right.size;
  return Math.min(left.size, right.size);
}

function joined(left: Value, right: Value, cost: number): Costed {
  const size = (left.size ?? 0) + (right.size ?? 0);
  const type = left.type ?? right.type;
  if (type === "string") return { type, size, cost: cost + traverse(size) };
  return type === "list"
    ? { ...left, size, schema: undefined, element: elementOf(left), cost: cost + 1 }
    : { ...scalar, cost: cost + 1 };
}

/** The macros over lists and maps, as cel-go expands them; undefined for other calls. */
function loopCost(name: string, target: Tree, words: readonly Tree[], scope: Scope): Costed | undefined {
  if (name === "bind" && target.op === "id" && target.args === "cel") return bindCost(words, scope);
  const [first, second] = words;
  if (!Object.hasOwn(loops, name) || first?.op !== "id" || second === undefined) return undefined;
  const range = visit(target, scope);
  const variables = second.op === "id" && words.length > 2 && name !== "map" ? [first, second] : [first];
  const inner = new Map(scope);
  for (const [variable, value] of variablesOf(variables, range)) inner.set(variable, value);
  const body = words.slice(variables.length).map((one) => visit(one, inner));
  const { step, once, list } = loops[name] as Loop;
  const count = range.size ?? 1;
  const cost = range.cost + once + count * (step + sum(body));
  if (list === undefined) return { ...scalar, cost };
  return { type: "list", size: count, element: list === "same" ? elementOf(range) : body.at(-1), cost };
}

interface Loop {
  /** What the macro adds to its predicate for each element. */
  readonly step: number;
  readonly once: number;
  readonly list?: "same" | "new";
}

const loops: Readonly<Record<string, Loop>> = {
  all: { step: 3, once: 1 },
  exists: { step: 4, once: 1 },
  exists_one: { step: 2, once: 2 },
  existsOne: { step: 2, once: 2 },
  filter: { step: 13, once: newList + 1, list: "same" },
  map: { step: 12, once: newList + 1, list: "new" },
  transformList: { step: 12, once: newList + 1, list: "new" },
};

/** One variable is a list's item or a map's key; two are index or key, and item. */
function variablesOf(variables: readonly Tree[], range: Value): [string, Value][] {
  const key: Value = { type: range.type === "map" ? "string" : "scalar", size: 0 };
  const element = elementOf(range);
  const values = variables.length === 2 ? [key, element] : [range.type === "map" ? key : element];
  return variables.map((variable, index) => [variable.args as string, values[index] as Value]);
}

function bindCost([variable, value, body]: readonly Tree[], scope: Scope): Costed | undefined {
  if (variable?.op !== "id" || value === undefined || body === undefined) return undefined;
  const bound = visit(value, scope);
  const result = visit(body, new Map(scope).set(variable.args as string, bound));
  return { ...result, cost: result.cost + bound.cost + newList };
}

function callCost(name: string, target: Tree | undefined, words: readonly Tree[], scope: Scope): Costed {
  const on: Costed = target === undefined ? { cost: 0 } : visit(target, scope);
  const args = words.map((one) => visit(one, scope));
  const { cost, ...result } = functionCost(name, on, args);
  return { ...result, cost: on.cost + sum(args) + cost };
}

function functionCost(name: string, on: Value, [first, second]: readonly Value[]): Costed {
  const { size } = on;
  const text = { type: "string", size } as const;
  switch (name) {
    case "size":
      return { ...scalar, cost: 1 };
    case "dyn":
      return { ...on, cost: 1 };
    case "contains":
      return { ...scalar, cost: traverse(size) * traverse(first?.size) };
    case "startsWith":
    case "endsWith":
      return { ...scalar, cost: traverse(first?.size) };
    case "matches":
      return { ...scalar, cost: matchCost(on, first) };
    case "find":
      return { ...text, cost: matchCost(on, first) };
    case "findAll":
      return { type: "list", size, element: text, cost: matchCost(on, first) };
    case "isSorted":
    case "sum":
    case "max":
    case "min":
    case "indexOf":
    case "lastIndexOf":
      return { ...(name === "isSorted" ? scalar : {}), cost: searchCost(on) };
    case "lowerAscii":
    case "upperAscii":
    case "substring":
    case "trim":
      return { ...text, cost: traverse(size) };
    case "url":
    case "quantity":
    case "isQuantity":
    case "ip":
    case "isIP":
    case "cidr":
    case "isCIDR":
    case "format":
      return { cost: traverse(size) };
    case "replace":
      return {
        type: "string",
        size: replacedSize(size, first?.size, second?.size),
        cost: traverse(size, 2 * characterCost),
      };
    case "split":
      return { type: "list", size, element: text, cost: traverse(size, 2 * characterCost) };
    case "join": {
      const length = (size ?? 1) * (elementOf(on).size ?? 1) + Math.max((size ?? 1) - 1, 0) * (first?.size ?? 0);
      return { type: "string", size: length, cost: traverse(length) };
    }
    case "check":
      return { cost: authorizationCheck };
    default:
      return { cost: 1 };
  }
}

const matchCost = (on: Value, pattern: Value | undefined): number =>
  traverse((on.size ?? 0) + 1) * traverse(pattern?.size, patternCost);

function searchCost(on: Value): number {
  if (on.type !== "list") return traverse(on.size);
  const element = elementOf(on);
  return (on.size ?? 1) * (1 + (element.type === "string" ? traverse(element.size) : 0));
}

/** The longest result: a long text for each short one. */
function replacedSize(size = 1, from = 0, to = 0): number {
  if (from === 0) return (size + 1) * to + size;
  return to <= from ? size : Math.ceil(size / from) * to;
}
