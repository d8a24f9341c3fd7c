/** Mistakes that the checker of the CEL library finds, in cel-go's words and at cel-go's places. */
import { type Mistake, type Node, operandsOf, type Type, typeOf } from "./syntax-tree.ts";

export interface Issue {
  /** Offset in the source. */
  readonly at: number;
  readonly message: string;
}

export interface Surroundings {
  readonly source: string;
  readonly root: Node;
  isFunction(name: string): boolean;
}

/** What cel-go says about a mistake; several things where it would go on. */
export function issuesOf({ code, summary }: Mistake, node: Node, { source, root, isFunction }: Surroundings): Issue[] {
  const say = (message: string, place = node): Issue[] => [{ at: positionOf(source, place), message }];
  const { op } = node;
  switch (code) {
    case "no_such_overload":
    case "invalid_index_type":
      return say(noOverload(operatorName(op), operandsOf(node)));
    case "incompatible_ternary_branches":
      return say(noOverload("_?_:_", operandsOf(node)));
    case "invalid_logical_operand":
      return operandsOf(node)
        .filter((operand) => !isBoolean(typeOf(operand)))
        .flatMap((operand) => say(notBoolean(operand), operand));
    case "invalid_condition_type": {
      const choice = node.meta.label === undefined ? choiceOn(root, node) : undefined;
      return choice === undefined ? say(notBoolean(node)) : say(noOverload("_?_:_", operandsOf(choice)), choice);
    }
    case "cannot_index_type": {
      if (op !== "." && op !== ".?") return say(noOverload("_[_]", operandsOf(node)));
      const [subject = node] = operandsOf(node);
      return say(`type '${format(typeOf(subject))}' does not support field selection`);
    }
    case "no_such_key":
      return say(`undefined field '${summary.replace(/^No such key: /, "")}'`);
    case "unknown_variable":
      return say(undeclared(String(node.args)));
    case "no_matching_overload": {
      const { name, receiver, rest } = callOf(node);
      return say(isFunction(name) ? noOverload(name, rest, receiver) : undeclared(name));
    }
    default:
      return say(summary);
  }
}

const isBoolean = ({ kind, name }: Type): boolean => kind === "dyn" || name === "bool";
const notBoolean = (node: Node): string => `expected type 'bool' but found '${format(typeOf(node))}'`;
const undeclared = (name: string): string => `undeclared reference to '${name}' (in container '')`;

function noOverload(name: string, operands: readonly Node[], receiver?: Node): string {
  const subject = receiver === undefined ? "" : `${format(typeOf(receiver))}.`;
  const types = operands.map((operand) => format(typeOf(operand))).join(", ");
  return `found no matching overload for '${name}' applied to '${subject}(${types})'`;
}

function callOf({ op, args }: Node): { name: string; receiver?: Node; rest: readonly Node[] } {
  if (op === "rcall") {
    const [name, receiver, rest] = args as [string, Node, Node[]];
    return { name, receiver, rest };
  }
  const [name, rest] = args as [string, Node[]];
  return { name, rest };
}

/** The `?:` that `condition` decides. */
function choiceOn(within: unknown, condition: Node): Node | undefined {
  const parts = Array.isArray(within) ? within : isNode(within) ? [within.args] : [];
  if (isNode(within) && within.op === "?:" && operandsOf(within)[0] === condition) return within;
  for (const part of parts) {
    const found = choiceOn(part, condition);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "op" in value;

const operatorName = (op: string): string =>
  op === "in" ? "@in" : op === "[]" ? "_[_]" : op.endsWith("_") ? op : `_${op}_`;

const shortNames: Readonly<Record<string, string>> = {
  "google.protobuf.Timestamp": "timestamp",
  "google.protobuf.Duration": "duration",
};

function format({ kind, name, keyType, valueType }: Type): string {
  if (kind === "list" && valueType !== undefined) return `list(${format(valueType)})`;
  if (kind === "map" && keyType !== undefined && valueType !== undefined) {
    return `map(${format(keyType)}, ${format(valueType)})`;
  }
  if (kind === "optional" && valueType !== undefined) return `optional_type(${format(valueType)})`;
  return shortNames[name] ?? name;
}

/** Where cel-go sees a node: at its operator, or the parenthesis of its arguments. */
function positionOf(source: string, node: Node): number {
  const found = search(source, node);
  return found < 0 ? node.start : found;
}

function search(source: string, { op, args, start, pos }: Node): number {
  const [first, second] = Array.isArray(args) ? (args as unknown[]) : [];
  switch (op) {
    case "value":
    case "id":
    case "list":
    case "map":
    case "!_":
    case "-_":
      return start;
    case ".":
    case ".?":
      return source.lastIndexOf(".", pos - 1);
    case "call":
      return source.indexOf("(", start);
    case "rcall":
      return source.indexOf("(", source.indexOf(".", (second as Node).end));
    case "?:":
      return source.indexOf("?", (first as Node).end);
    case "[]":
    case "[?]":
      return source.indexOf("[", (first as Node).end);
    default:
      return first === undefined ? start : source.indexOf(op, (first as Node).end);
  }
}

/** cel-go's common.Error.ToDisplayString. */
export function display(source: string, { at, message }: Issue): string {
  const before = source.slice(0, at).split("\n");
  const column = [...(before.at(-1) ?? "")].length;
  const line = (source.split("\n")[before.length - 1] ?? "").replaceAll("\t", " ");
  const isWide = (character: string | undefined): boolean => character !== undefined && character > "\u007f";
  const characters = [...line];
  const dots = characters.slice(0, column).map((one) => (isWide(one) ? "．" : "."));
  const mark = isWide(characters[column]) ? "＾" : "^";
  return `ERROR: <input>:${before.length}:${column + 1}: ${message}\n | ${line}\n | ${dots.join("")}${mark}`;
}
