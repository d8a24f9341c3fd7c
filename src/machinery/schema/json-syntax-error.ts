/** Says what is wrong with a text that JSON.parse refused, in the words of Go's encoding/json. */
import { depthMessage, maximumDepth } from "../codec/json.ts";

/** `invalid character '}' looking for beginning of value`, `unexpected end of JSON input`. */
export function describeSyntaxError(text: string): string {
  try {
    const scanner = new Scanner(text);
    scanner.value();
    scanner.end();
    return "invalid JSON";
  } catch (error) {
    return (error as Error).message;
  }
}

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function quoteCharacter(character: string): string {
  if (character === "'") return "'\\''";
  const code = character.charCodeAt(0);
  const shown = escapes[character] ?? (code < 0x20 || code === 0x7f ? `\\x${code.toString(16).padStart(2, "0")}` : "");
  return `'${shown === "" ? character : shown}'`;
}

class Scanner {
  readonly #text: string;
  #position = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  #fail(context: string): never {
    const character = this.#text[this.#position];
    if (character === undefined) throw new Error("unexpected end of JSON input");
    throw new Error(`invalid character ${quoteCharacter(character)} ${context}`);
  }

  #peek(): string {
    while (/[ \t\r\n]/.test(this.#text[this.#position] ?? "")) this.#position++;
    return this.#text[this.#position] ?? "";
  }

  end(): void {
    if (this.#peek() !== "") this.#fail("after top-level value");
  }

  value(): void {
    const character = this.#peek();
    if (character === "{") this.#nested(() => this.#object());
    else if (character === "[") this.#nested(() => this.#array());
    else if (character === '"') this.#string();
    else if (/[-0-9]/.test(character)) this.#number();
    else if (character === "t") this.#literal("true");
    else if (character === "f") this.#literal("false");
    else if (character === "n") this.#literal("null");
    else this.#fail("looking for beginning of value");
  }

  #nested(read: () => void): void {
    if (++this.#depth > maximumDepth) throw new Error(depthMessage);
    read();
    this.#depth--;
  }

  #object(): void {
    this.#position++;
    if (this.#peek() === "}") {
      this.#position++;
      return;
    }
    for (;;) {
      if (this.#peek() !== '"') this.#fail("looking for beginning of object key string");
      this.#string();
      if (this.#peek() !== ":") this.#fail("after object key");
      this.#position++;
      this.value();
      const next = this.#peek();
      if (next !== "," && next !== "}") this.#fail("after object key:value pair");
      this.#position++;
      if (next === "}") return;
    }
  }

  #array(): void {
    this.#position++;
    if (this.#peek() === "]") {
      this.#position++;
      return;
    }
    for (;;) {
      this.value();
      const next = this.#peek();
      if (next !== "," && next !== "]") this.#fail("after array element");
      this.#position++;
      if (next === "]") return;
    }
  }

  #string(): void {
    this.#position++;
    for (;;) {
      const character = this.#text[this.#position];
      if (character === undefined || character < " ") this.#fail("in string literal");
      this.#position++;
      if (character === '"') return;
      if (character !== "\\") continue;
      if (!/["\\/bfnrtu]/.test(this.#text[this.#position] ?? "")) this.#fail("in string escape code");
      const unicode = this.#text[this.#position] === "u";
      this.#position++;
      for (let digit = 0; unicode && digit < 4; digit++, this.#position++) {
        if (!/[0-9a-fA-F]/.test(this.#text[this.#position] ?? "")) this.#fail("in \\u hexadecimal character escape");
      }
    }
  }

  #digits(context: string): void {
    if (!/[0-9]/.test(this.#text[this.#position] ?? "")) this.#fail(context);
    while (/[0-9]/.test(this.#text[this.#position] ?? "")) this.#position++;
  }

  #number(): void {
    if (this.#text[this.#position] === "-") this.#position++;
    if (this.#text[this.#position] === "0") this.#position++;
    else this.#digits("in numeric literal");
    if (this.#text[this.#position] === ".") {
      this.#position++;
      this.#digits("after decimal point in numeric literal");
    }
    if (/[eE]/.test(this.#text[this.#position] ?? "")) {
      this.#position++;
      if (/[-+]/.test(this.#text[this.#position] ?? "")) this.#position++;
      this.#digits("in exponent of numeric literal");
    }
  }

  #literal(word: string): void {
    for (let index = 0; index < word.length; index++, this.#position++) {
      if (this.#text[this.#position] !== word[index]) this.#fail(`in literal ${word} (expecting '${word[index]}')`);
    }
  }
}
