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

export interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  readonly pos: number;
  readonly meta: { readonly macro?: Macro; readonly label?: string; readonly alternate?: Node };
  checkedType?: Type;
  /** Of calls, operators and accesses, once checked: what is done with the values. */
  handle?: unknown;
  receiverWithArgs?: readonly Node[];
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
