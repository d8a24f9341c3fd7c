/** How large the program of an expression gets, before it is made. */

/** A class of characters beyond ASCII has up to some hundred ranges; folding case walks through every character. */
const wideClass = 50;
const foldedClass = 1_000;
const longestPattern = 32_768;
const mostRepetitions = 1_000;

interface Group {
  /** Of what is before the last atom. */
  size: number;
  /** Of the last atom, which a repetition multiplies. */
  last: number;
}

/** What belongs together at one place; any other character stands for itself. */
const token =
  /\\Q(?<literal>[\s\S]*?)(?:\\E|$)|(?<class>\\(?:x\{[0-9A-Fa-f]*\}|[pP]\{[^}]*\}|[\s\S])|\[\^?\]?(?:\[:[^\]]*:\]|\\[\s\S]|[^\\\]])*\]?)|\{(?<least>\d{1,8})(?:,(?<most>\d{0,8}))?\}|(?<operator>[*+?|()])|[\s\S]/g;

const isWide = (text: string): boolean => /\\[pPx]/.test(text) || /[^ -~\s]/.test(text);

/**
 * Not less than the instructions that the engine makes, as far as they matter. What is above `limit` is not looked at to
 * its end.
 */
export function estimateSize(source: string, limit: number): number {
  if (source.length > longestPattern) return Number.POSITIVE_INFINITY;
  const size = new Size(/\(\?[a-zA-Z]*i/.test(source) ? foldedClass : wideClass);
  for (const { 0: text, groups = {} } of source.matchAll(token)) {
    const { literal, least, most, operator } = groups;
    if (literal !== undefined) size.add(literal.length);
    else if (groups["class"] !== undefined) size.addClass(text);
    else if (least !== undefined) size.repeat(Math.max(Number(least), Number(most || 0), 1));
    else if (operator === "(") size.open();
    else if (operator === ")") size.close();
    else size.add(1);
    if (size.total > limit) break;
  }
  return size.total;
}

class Size {
  total = 1;
  readonly #ofClass: number;
  readonly #groups: Group[] = [{ size: 1, last: 0 }];

  constructor(ofWideClass: number) {
    this.#ofClass = ofWideClass;
  }

  add(size: number): void {
    const group = this.#groups.at(-1) as Group;
    group.size += group.last;
    group.last = size;
    this.total += size;
  }

  addClass(text: string): void {
    this.add((isWide(text) ? this.#ofClass : 1) + text.length / 4);
  }

  repeat(times: number): void {
    const group = this.#groups.at(-1) as Group;
    const factor = Math.min(times, mostRepetitions) + 1;
    this.total += group.last * (factor - 1);
    group.last *= factor;
  }

  open(): void {
    this.#groups.push({ size: 2, last: 0 });
    this.total += 2;
  }

  close(): void {
    if (this.#groups.length === 1) return;
    const { size, last } = this.#groups.pop() as Group;
    this.total -= size + last;
    this.add(size + last);
  }
}
