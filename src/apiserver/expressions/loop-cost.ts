/** What the loops of CEL's macros cost beside their parts, as cel-go writes them out. */
import { spend } from "./budget.ts";
import type { Node } from "./syntax-tree.ts";

interface Loop {
  /** Before each element that the predicate is asked about. */
  readonly step: number;
  /** When what was found makes the rest needless. */
  readonly exit: number;
  /** For the result. */
  readonly once: number;
}

export const loops = {
  all: { step: 3, exit: 2, once: 1 },
  exists: { step: 4, exit: 3, once: 1 },
  exists_one: { step: 0, exit: 0, once: 2 },
  map: { step: 0, exit: 0, once: 1 },
  filter: { step: 0, exit: 0, once: 1 },
} as const satisfies Readonly<Record<string, Loop>>;

const none: Loop = { step: 0, exit: 0, once: 0 };

/** An item that is put at the end of a list, and a match that is counted. */
export const pushCost = 12;
export const countCost = 2;

interface Comprehension {
  readonly step: Node;
  condition?: (found: unknown) => boolean;
}

/** `loop`: what the parser made of the macro's call. */
export function instrumentLoop(name: string, loop: Node): void {
  const { step, exit, once } = Object.hasOwn(loops, name) ? loops[name as keyof typeof loops] : none;
  const parts = loop.args as Comprehension;
  const { condition } = parts;
  if (condition !== undefined) {
    parts.condition = (found) => {
      const goesOn = condition(found);
      spend(goesOn ? step : exit);
      return goesOn;
    };
  }
  const { evaluate } = loop.meta;
  loop.evaluate = (evaluator, node, context) => {
    const result = evaluate(evaluator, node, context);
    spend(once);
    return result;
  };
}
