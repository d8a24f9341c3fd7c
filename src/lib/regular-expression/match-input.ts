/** A text as the engine reads it: by code points of UTF-16, with each read counted. */
import type { Work } from "./work.ts";

const beginLine = 1;
const endLine = 2;
const beginText = 4;
const endText = 8;
const wordBoundary = 16;
const noWordBoundary = 32;
const lineFeed = 10;
const endOfInput = -8;
const characterSteps = 4;

/** The engine's own interface: a code point and its width in one number, `point << 3 | width`. */
export class MatchInput {
  readonly work: Work;
  readonly #text: string;

  constructor(text: string, work: Work) {
    this.#text = text;
    this.work = work;
  }

  step(position: number): number {
    this.work.spend(characterSteps);
    const point = this.#text.codePointAt(position);
    if (point === undefined) return endOfInput;
    return (point << 3) | (point > 0xffff ? 2 : 1);
  }

  endPos(): number {
    return this.#text.length;
  }

  canCheckPrefix(): boolean {
    return true;
  }

  /** How far the constant text that every match begins with is away; -1: nowhere. */
  index({ prefix }: { readonly prefix: string }, position: number): number {
    const found = this.#text.indexOf(prefix, position);
    this.work.spend((found < 0 ? this.#text.length : found) - position + 1);
    return found < 0 ? -1 : found - position;
  }

  prefixLength({ prefix }: { readonly prefix: string }): number {
    return prefix.length;
  }

  /** What holds between two characters. */
  context(position: number): number {
    const before = position > 0 && position <= this.#text.length ? this.#text.charCodeAt(position - 1) : -1;
    const after = position < this.#text.length ? this.#text.charCodeAt(position) : -1;
    let flags = isWord(before) === isWord(after) ? noWordBoundary : wordBoundary;
    if (before < 0) flags |= beginText | beginLine;
    if (before === lineFeed) flags |= beginLine;
    if (after < 0) flags |= endText | endLine;
    if (after === lineFeed) flags |= endLine;
    return flags;
  }
}

const isWord = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95;
