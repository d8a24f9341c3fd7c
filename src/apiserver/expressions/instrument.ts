/** Changes to how the CEL library evaluates, made on the checked tree of an expression. */
import { matches } from "./pattern-library.ts";
import type { Node } from "./syntax-tree.ts";

type CallHandler = (args: readonly unknown[], evaluator: unknown, node: Node) => unknown;

/** Calls `visit` once for each node that is evaluated. */
export function walk(node: unknown, visit: (node: Node) => void, seen = new Set<unknown>()): void {
  if (typeof node !== "object" || node === null || seen.has(node)) return;
  seen.add(node);
  if (Array.isArray(node)) {
    for (const one of node) walk(one, visit, seen);
    return;
  }
  const { op, args, meta } = node as Partial<Node>;
  if (op === undefined || meta === undefined) {
    // The parts of a comprehension.
    if (Object.getPrototypeOf(node) === Object.prototype) walk(Object.values(node), visit, seen);
    return;
  }
  visit(node as Node);
  walk(args, visit, seen);
  walk(meta.alternate, visit, seen);
}

/** `node` is that of a whole expression, checked. */
export function instrument(node: Node): void {
  walk(node, (one) => {
    if (one.op === "rcall" && (one.args as [string])[0] === "matches") useLinearMatches(one);
  });
}

function useLinearMatches(node: Node): void {
  const { handle } = node;
  if (handle === undefined) return;
  const { length } = node.receiverWithArgs ?? [];
  const original = handle as CallHandler;
  node.handle = ((values, evaluator, call) => {
    const [text, pattern] = values;
    if (length !== 2 || typeof text !== "string" || typeof pattern !== "string") {
      return original(values, evaluator, call);
    }
    return matches(text, pattern);
  }) satisfies CallHandler;
}
