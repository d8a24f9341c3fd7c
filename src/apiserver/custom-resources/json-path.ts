/** The part of kubectl's JSONPath that printer columns, scale paths and selectable fields use. */
import { BoundedCache } from "../../lib/bounded-cache.ts";

type Step = (values: readonly unknown[]) => unknown[];

const compiled = new BoundedCache<readonly Step[]>(512 * 1024);
/** A step is a closure, and has a character at least. */
const bytesPerCharacter = 100;

/** All values at a path such as `.status.conditions[?(@.type=="Ready")].status`; empty where there are none. */
export function findValues(path: string, object: unknown): unknown[] {
  let steps = compiled.get(path);
  if (steps === undefined) {
    steps = parse(path);
    compiled.set(path, steps, path.length * bytesPerCharacter);
  }
  let values: unknown[] = [object];
  for (const step of steps) values = step(values);
  return values;
}

const token =
  /\.((?:[^.[\]\\]|\\.)+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d+)\]|\[(\*)\]|\[(-?\d*):(-?\d*)\]|\[\?\(\s*@((?:[^=!<>)]|\\.)*?)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[^)\s]+))?\s*\)\]/y;

/** Nobody writes longer ones, and parsing can take square time. */
const longestPath = 4_096;

/** Paths that are not of this form find nothing. */
function parse(text: string): readonly Step[] {
  if (text.length > longestPath) return [() => []];
  const path = text.replace(/^\{(.*)\}$/, "$1").replace(/^\$/, "");
  const steps: Step[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < path.length) {
    const match = token.exec(path);
    if (match === null) return [() => []];
    steps.push(stepOf(match));
  }
  return steps;
}

function stepOf(match: RegExpExecArray): Step {
  const [, dotted, single, double, index, star, from, to, filter, operator, literal] = match;
  const name = dotted ?? single ?? double;
  if (name !== undefined) return dotted === "*" ? children : member(name.replace(/\\(.)/g, "$1"));
  if (index !== undefined) {
    return (values) => values.flatMap((value) => (Array.isArray(value) ? present(value.at(Number(index))) : []));
  }
  if (star !== undefined) return children;
  if (filter !== undefined) return filtered(parse(filter), operator, literal);
  const end = to === "" || to === undefined ? undefined : Number(to);
  return (values) => values.flatMap((value) => (Array.isArray(value) ? value.slice(Number(from ?? 0), end) : []));
}

const present = (value: unknown): unknown[] => (value === undefined || value === null ? [] : [value]);
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const member =
  (name: string): Step =>
  (values) =>
    values.flatMap((value) => (isMap(value) && Object.hasOwn(value, name) ? present(value[name]) : []));

const children: Step = (values) =>
  values.flatMap((value) => (Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []));

function filtered(steps: readonly Step[], operator: string | undefined, literal: string | undefined): Step {
  const wanted = literal === undefined ? undefined : literalValue(literal);
  const holds = (item: unknown): boolean => {
    let found: unknown[] = [item];
    for (const step of steps) found = step(found);
    if (operator === undefined) return found.length > 0;
    return found.length > 0 && compare(found[0], operator, wanted);
  };
  return (values) => values.flatMap((value) => (Array.isArray(value) ? value.filter(holds) : []));
}

function literalValue(text: string): unknown {
  const quoted = /^(["'])(.*)\1$/.exec(text);
  if (quoted !== null) return quoted[2];
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}

function compare(left: unknown, operator: string, right: unknown): boolean {
  if (operator === "==") return left === right;
  if (operator === "!=") return left !== right;
  const [a, b] = [left as number, right as number];
  if (operator === "<") return a < b;
  if (operator === ">") return a > b;
  return operator === "<=" ? a <= b : a >= b;
}
