/** Nodes and types as the CEL library's checker leaves them. Its declarations say less, so all that leans on more is here. */
import { Environment } from "@marcbachmann/cel-js";

export interface Type {
  readonly kind: string;
  readonly name: string;
  readonly keyType?: Type;
  readonly valueType?: Type;
}

export interface Macro {
  readonly args: readonly Node[];
  typeCheck(checker: TypeChecker, macro: Macro, context: unknown): Type;
}

export interface Evaluator {
  run(node: Node, context: unknown): unknown;
  /** An error is a value of it. */
  tryEval(node: Node, context: unknown): unknown;
}

export type Evaluate = (evaluator: Evaluator, node: Node, context: unknown) => unknown;

/** Stands in the place of a node when it is evaluated. */
interface Expansion extends Macro {
  evaluate(evaluator: Evaluator, macro: Expansion, context: unknown): unknown;
}

export interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  readonly pos: number;
  readonly meta: {
    readonly macro?: Expansion;
    readonly label?: string;
    readonly alternate?: Node;
    readonly evaluate: Evaluate;
  };
  checkedType?: Type;
  evaluate: Evaluate;
  /** Of calls, operators and accesses, once checked: what is done with the values. */
  handle?: unknown;
  /** Of calls and operators, once checked. */
  readonly candidates?: unknown;
}

export interface TypeChecker {
  check(node: Node, context: unknown): Type;
  getType(name: string): Type;
}

export interface Mistake {
  readonly code: string;
  readonly summary: string;
  readonly node?: Node;
}

const checked = (source: string): Type => {
  const { ast, check } = new Environment().parse(source);
  check();
  return (ast as unknown as Node).checkedType as Type;
};

export const dynamic = checked("dyn(1)");
export const boolean = checked("true");

export const operandsOf = ({ args }: Node): Node[] => (Array.isArray(args) ? args : [args]) as Node[];
export const typeOf = ({ checkedType }: Node): Type => checkedType ?? dynamic;
