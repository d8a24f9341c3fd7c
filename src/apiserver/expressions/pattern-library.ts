/**
 * Regular expressions in CEL: `matches` of the language, `find` and `findAll` of apiserver's library kubernetes.regex. The
 * meaning is RE2's and the time linear; all matches of an evaluation share one account of work.
 */
import type { Environment } from "@marcbachmann/cel-js";
import {
  compilePattern,
  type Pattern,
  PatternError,
  type Work,
  WorkExceeded,
} from "../../lib/regular-expression/index.ts";
import { CostLimitExceeded, matchingWork } from "./budget.ts";
import type { Node } from "./syntax-tree.ts";

export function registerPatterns(environment: Environment): void {
  environment
    .registerFunction("string.find(string): string", (text: string, pattern: string) => {
      return within((work) => legal(pattern).find(text, work) ?? "");
    })
    .registerFunction("string.findAll(string): list<string>", (text: string, pattern: string) => {
      return within((work) => legal(pattern).findAll(text, -1, work));
    })
    .registerFunction("string.findAll(string, int): list<string>", (text: string, pattern: string, most: bigint) => {
      return within((work) => legal(pattern).findAll(text, Number(most), work));
    });
}

function legal(pattern: string): Pattern {
  try {
    return compilePattern(pattern);
  } catch (cause) {
    if (!(cause instanceof PatternError)) throw cause;
    throw new Error(`Illegal regex: ${cause.message}`, { cause });
  }
}

/** In the place of the CEL library's own `matches`, which is the language's RegExp. Throws PatternError. */
export const matches = (text: string, pattern: string): boolean =>
  within((work) => compilePattern(pattern).test(text, work));

function within<T>(match: (work: Work) => T): T {
  try {
    return match(matchingWork());
  } catch (error) {
    throw error instanceof WorkExceeded ? new CostLimitExceeded() : error;
  }
}

/** What cel-go says of a pattern that stands in the expression; undefined: nothing. Throws PatternError for `find`. */
export function literalComplaint({ op, args }: Node): string | undefined {
  if (op !== "rcall") return undefined;
  const [name, , [first]] = args as [string, Node, readonly Node[]];
  if (first?.op !== "value" || typeof first.args !== "string") return undefined;
  if (name === "find" || name === "findAll") compilePattern(first.args);
  if (name !== "matches") return undefined;
  try {
    compilePattern(first.args);
    return undefined;
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return "invalid matches argument";
  }
}
