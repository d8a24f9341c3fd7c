/**
 * Regular expressions that users give: the syntax and the meaning of RE2 as Go has it, in time linear in the text. The
 * engine is re2js; here are the limits that a single thread needs: on the size of an expression, on the work of a match,
 * and on what is remembered. The language's own RegExp is for expressions of the code alone.
 */

import { RE2JS, RE2JSException } from "re2js";
import { BoundedCache } from "../bounded-cache.ts";
import { type Engine, maximumTableBytes, meter } from "./engine.ts";
import { MatchInput } from "./match-input.ts";
import { estimateSize } from "./size.ts";
import { Work } from "./work.ts";

export { Work, WorkExceeded } from "./work.ts";

/** In Go's words: `error parsing regexp: missing closing ]: …`. */
export class PatternError extends Error {}

export interface Pattern {
  /** Whether any part of the text matches. Throws WorkExceeded, as all of them. */
  test(text: string, work?: Work): boolean;
  /** The leftmost match; undefined: none. */
  find(text: string, work?: Work): string | undefined;
  /** Matches that do not overlap, as Go's FindAllString; below zero: all of them. */
  findAll(text: string, most: number, work?: Work): string[];
}

/** Instructions of a program; Go allows more. Larger ones take too long to compile. */
const maximumSize = 20_000;
/** What all remembered programs hold on to: their instructions, and what a program's automaton can grow to. */
const keptBytes = 64 * 1024 * 1024;
const instructionBytes = 200;

const compiled = new BoundedCache<Pattern>(keptBytes);

/** Throws PatternError on what Go would refuse, and on programs that are too large. Remembers what was used last. */
export function compilePattern(source: string): Pattern {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const engine = compile(source);
  const pattern = new LimitedPattern(engine);
  compiled.set(source, pattern, engine.prog.inst.length * instructionBytes + maximumTableBytes);
  return pattern;
}

function compile(source: string): Engine {
  if (estimateSize(source, maximumSize) > maximumSize) {
    throw new PatternError(`error parsing regexp: expression too large: \`${source}\``);
  }
  try {
    return engineOf(source);
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause;
    throw new PatternError(inFull(cause.message, source), { cause });
  }
}

function engineOf(source: string): Engine {
  try {
    return RE2JS.compile(source).re2() as unknown as Engine;
  } catch (error) {
    // Go lets names of groups stand twice, and nobody asks for a group by its name here.
    if (!String(error).includes("duplicate capture group name")) throw error;
    return RE2JS.compile(withoutGroupNames(source)).re2() as unknown as Engine;
  }
}

const groupName = /(\\Q[\s\S]*?(?:\\E|$)|\\[\s\S]|\[\^?\]?(?:\\[\s\S]|[^\\\]])*\])|\(\?P?<\w+>/g;

const withoutGroupNames = (source: string): string =>
  source.replace(groupName, (_, other: string | undefined) => other ?? "(");

/** Go names what is wrong in every message. */
function inFull(message: string, source: string): string {
  if (message.endsWith("trailing backslash at end of expression")) return `${message}: \`\``;
  const [whole] = /^error parsing regexp: (?:missing closing \)|unexpected \)|expression [a-z ]+)/.exec(message) ?? [];
  return whole === undefined ? message : `${whole}: \`${source}\``;
}

const unanchored = 0;
const stepsOfCall = 20;

class LimitedPattern implements Pattern {
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  test(text: string, work = new Work()): boolean {
    return this.#run(new MatchInput(text, work), 0, 0) !== null;
  }

  find(text: string, work = new Work()): string | undefined {
    const found = this.#run(new MatchInput(text, work), 0, 2);
    return found === null ? undefined : text.slice(found[0], found[1]);
  }

  findAll(text: string, most: number, work = new Work()): string[] {
    const input = new MatchInput(text, work);
    const matches: string[] = [];
    let previousEnd = -1;
    for (let position = 0; position <= text.length && (most < 0 || matches.length < most); ) {
      const found = this.#run(input, position, 2);
      if (found === null) break;
      const [start, end] = found as [number, number];
      // As in Go, an empty match beside the one before is none.
      if (end > start || start !== previousEnd) matches.push(text.slice(start, end));
      previousEnd = end;
      if (end > position) position = end;
      else position += Math.max(input.step(position) & 7, 1);
    }
    return matches;
  }

  #run(input: MatchInput, position: number, captures: 0 | 2): readonly number[] | null {
    input.work.spend(stepsOfCall);
    return meter(this.#engine, input.work, () => this.#engine.executeEngine(input, position, unanchored, captures));
  }
}
