/**
 * Request bodies from bytes to values. JSON.parse does the work; duplicate keys, which it hides, are found by a count
 * that costs little, and located only where the count says that there are any. Syntax errors are told in Go's words.
 */
import { endOfString, type ForeignJson, JsonLimitError, parseForeignJson } from "../codec/json.ts";
import { badRequest } from "../errors/status-error.ts";
import { duplicateField, unknownField } from "./decode-error.ts";
import { describeSyntaxError } from "./json-syntax-error.ts";

export interface ParsedJson {
  readonly value: unknown;
  /** Paths such as `spec.containers[0].name`, in order of the text, at most 100; empty unless asked for. */
  readonly duplicateKeys: readonly string[];
  /** Sorts messages about fields as a reader of the text comes upon them. */
  inTextOrder?(messages: readonly string[]): readonly string[];
  /** Numbers that are no integers of Go's as they are written, by their paths: `1.0`, `1e3`, more than 64 bits. */
  readonly floats?: ReadonlyMap<string, string>;
}

export interface ParseJsonOptions {
  /** Whether to look for duplicate keys (field validation Warn and Strict). */
  readonly duplicates?: boolean;
  /** The kind that the body should be of, for the message. */
  readonly kind?: string;
}

/** Throws StatusError BadRequest. */
export function parseJson(bytes: Uint8Array, options: ParseJsonOptions = {}): ParsedJson {
  const text = decode(bytes);
  const { value, keys, floats } = parse(text, bytes, options.kind);
  const hasDuplicates = options.duplicates === true && keys !== countKeys(value);
  if (!hasDuplicates && !floats) return { value, duplicateKeys: [] };
  const walk = new TextWalk(text, hasDuplicates);
  return {
    value,
    duplicateKeys: hasDuplicates ? walk.duplicates : [],
    floats: walk.floats,
    ...(hasDuplicates ? { inTextOrder: (messages) => walk.sort(messages) } : {}),
  };
}

function parse(text: string, bytes: Uint8Array, kind: string | undefined): ForeignJson {
  try {
    return parseForeignJson(text);
  } catch (cause) {
    const problem = cause instanceof JsonLimitError ? cause.message : describeSyntaxError(text);
    const message = `couldn't get version/kind; json parse error: ${problem}`;
    if (kind === undefined) throw badRequest(message, { cause });
    const unrecognized = `the object provided is unrecognized (must be of type ${kind})`;
    throw badRequest(`${unrecognized}: ${message} (${summarize(bytes)})`, { cause });
  }
}

const decode = (bytes: Uint8Array): string =>
  (Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).toString("utf8");

function summarize(bytes: Uint8Array): string {
  if (bytes.length === 0) return "<empty>";
  const head = Buffer.from(bytes.subarray(0, 30));
  return head.toString(head[0] === 0x7b ? "utf8" : "hex") + (bytes.length > 30 ? " ..." : "");
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === "object") count += countKeys(element);
    return count;
  }
  for (const key in value) {
    const child = (value as Record<string, unknown>)[key];
    count += typeof child === "object" ? 1 + countKeys(child) : 1;
  }
  return count;
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

const endOfLiteral = /[\s,\]}]/g;

/** Walks text that JSON.parse has accepted. */
class TextWalk {
  readonly floats = new Map<string, string>();
  readonly #text: string;
  readonly #found = new Set<string>();
  /** Where a message about a key belongs: an unknown one at its first place, a duplicate at its second. */
  readonly #places = new Map<string, number>();
  readonly #wantsDuplicates: boolean;
  #position = 0;

  constructor(text: string, wantsDuplicates: boolean) {
    this.#text = text;
    this.#wantsDuplicates = wantsDuplicates;
    this.#value("");
  }

  get duplicates(): string[] {
    return [...this.#found].slice(0, 100);
  }

  sort(messages: readonly string[]): string[] {
    const place = (message: string): number => this.#places.get(message) ?? Number.POSITIVE_INFINITY;
    return messages.toSorted((a, b) => (place(a) < place(b) ? -1 : Number(place(a) > place(b))));
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
    if (/^-?(?:\d+[.eE]|\d{19})/.test(literal)) this.floats.set(path, literal);
    this.#position = end;
  }

  #object(path: string): void {
    const keys = new Set<string>();
    this.#position++;
    while (this.#skipSpace() !== 0x7d) {
      if (this.#text[this.#position] === ",") {
        this.#position++;
        this.#skipSpace();
      }
      const end = endOfString(this.#text, this.#position);
      const key = JSON.parse(this.#text.slice(this.#position, end + 1)) as string;
      const keyPath = path === "" ? key : `${path}.${key}`;
      if (this.#wantsDuplicates) this.#note(key, keyPath, keys);
      this.#position = end + 1;
      this.#skipSpace();
      this.#position++;
      this.#value(keyPath);
    }
    this.#position++;
  }

  #note(key: string, path: string, keys: Set<string>): void {
    const message = keys.has(key) ? duplicateField(path) : unknownField(path);
    if (keys.has(key)) this.#found.add(path);
    keys.add(key);
    if (!this.#places.has(message)) this.#places.set(message, this.#position);
  }

  #array(path: string): void {
    this.#position++;
    for (let index = 0; this.#skipSpace() !== 0x5d; index++) {
      if (this.#text[this.#position] === ",") this.#position++;
      this.#value(`${path}[${index}]`);
    }
    this.#position++;
  }
}
