/** Walks through the trees that the CEL library makes, without recursion: an expression can be a chain of any length. */
import type { Node } from "./syntax-tree.ts";

/** Parents come before their children. The parts of a comprehension that a macro stands for are walked through as well. */
export function walk(root: unknown, visit: (node: Node, depth: number) => void): void {
  const seen = new Set<unknown>();
  const waiting: [unknown, number][] = [[root, 0]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [value, depth] = next;
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (isNode(value)) {
      visit(value, depth);
      waiting.push([value.meta.alternate, depth], [value.args, depth + 1]);
    } else if (Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype) {
      for (const part of Object.values(value)) waiting.push([part, depth]);
    }
  }
}

const isNode = (value: object): value is Node => "op" in value && "meta" in value;
