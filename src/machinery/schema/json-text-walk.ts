/** Finds in the text of JSON what JSON.parse does not tell: duplicate keys, and how numbers are written. */
import { endOfString, isOddInteger } from "../codec/json.ts";
import { duplicateField, unknownField } from "./decode-error.ts";

/** Of texts that have more of something the first are enough: messages and paths cost their length. */
const maximumFloats = 200;
const maximumDuplicates = 100;
/** Of all paths that are written out, in characters. */
const maximumWritten = 4 * 1024 * 1024;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const endOfLiteral = /[\s,\]}]/g;

/** Walks text that JSON.parse has accepted, nested within the limit. Paths are joined as they are used. */
export class JsonTextWalk {
  /** Numbers that are whole and no integers to Go, by their paths. */
  readonly floats = new Map<string, string>();
  readonly #text: string;
  readonly #duplicates = new Set<string>();
  /** Where a message about a key belongs: an unknown one at its first place, a duplicate at its second. */
  readonly #places = new Map<string, number>();
  readonly #wantsDuplicates: boolean;
  #written = 0;
  #position = 0;

  constructor(text: string, wantsDuplicates: boolean) {
    this.#text = text;
    this.#wantsDuplicates = wantsDuplicates;
    this.#value("");
  }

  get duplicates(): string[] {
    return [...this.#duplicates];
  }

  sort(messages: readonly string[]): string[] {
    const place = (message: string): number => this.#places.get(message) ?? Number.POSITIVE_INFINITY;
    return messages.toSorted((a, b) => (place(a) < place(b) ? -1 : Number(place(a) > place(b))));
  }

  /** Whether nothing more is looked for. */
  get #done(): boolean {
    if (this.#written > maximumWritten) return true;
    return !this.#wantsDuplicates && this.floats.size >= maximumFloats;
  }

  #mayWrite(path: string): boolean {
    this.#written += path.length;
    return this.#written <= maximumWritten;
  }

  #skipSpace(): number {
    while (isSpace(this.#text.charCodeAt(this.#position))) this.#position++;
    return this.#text.charCodeAt(this.#position);
  }

  #value(path: string): void {
    const code = this.#skipSpace();
    if (code === 0x7b) this.#object(path);
    else if (code === 0x5b) this.#array(path);
    else if (code === 0x22) this.#position = endOfString(this.#text, this.#position) + 1;
    else this.#literal(path);
  }

  #literal(path: string): void {
    endOfLiteral.lastIndex = this.#position;
    const end = endOfLiteral.exec(this.#text)?.index ?? this.#text.length;
    const literal = this.#text.slice(this.#position, end);
    if (this.floats.size < maximumFloats && isOddInteger(literal) && this.#mayWrite(path)) {
      this.floats.set(path, literal);
    }
    this.#position = end;
  }

  #object(path: string): void {
    const keys = new Set<string>();
    this.#position++;
    while (!this.#done && this.#skipSpace() !== 0x7d) {
      if (this.#text[this.#position] === ",") {
        this.#position++;
        this.#skipSpace();
      }
      const key = this.#key();
      const keyPath = path === "" ? key : `${path}.${key}`;
      if (this.#wantsDuplicates) this.#note(key, keyPath, keys);
      this.#skipSpace();
      this.#position++;
      this.#value(keyPath);
    }
    this.#position++;
  }

  #key(): string {
    const start = this.#position;
    const end = endOfString(this.#text, start);
    this.#position = end + 1;
    const key = this.#text.slice(start + 1, end);
    return key.includes("\\") ? (JSON.parse(this.#text.slice(start, end + 1)) as string) : key;
  }

  #note(key: string, path: string, keys: Set<string>): void {
    if (!this.#mayWrite(path)) return;
    const isDuplicate = keys.has(key);
    keys.add(key);
    if (isDuplicate && this.#duplicates.size < maximumDuplicates) this.#duplicates.add(path);
    const message = isDuplicate ? duplicateField(path) : unknownField(path);
    if (!this.#places.has(message)) this.#places.set(message, this.#position);
  }

  #array(path: string): void {
    this.#position++;
    for (let index = 0; !this.#done && this.#skipSpace() !== 0x5d; index++) {
      if (this.#text[this.#position] === ",") this.#position++;
      this.#value(`${path}[${index}]`);
    }
    this.#position++;
  }
}
