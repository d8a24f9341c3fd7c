/**
 * Request bodies from bytes to values. JSON.parse does the work; duplicate keys, which it hides, are found by a count
 * that costs little, and located only where the count says that there are any. Syntax errors are told in Go's words.
 */
import { type ForeignJson, JsonLimitError, parseForeignJson } from "../codec/json.ts";
import { badRequest } from "../errors/status-error.ts";
import { describeSyntaxError } from "./json-syntax-error.ts";
import { JsonTextWalk } from "./json-text-walk.ts";

export interface ParsedJson {
  readonly value: unknown;
  /** Paths such as `spec.containers[0].name`, in order of the text, at most 100; empty unless asked for. */
  readonly duplicateKeys: readonly string[];
  /** Sorts messages about fields as a reader of the text comes upon them. */
  inTextOrder?(messages: readonly string[]): readonly string[];
  /** Integers that are none to Go as they are written, by their paths: `1.0`, `1e3`, more than 64 bits. At most 200. */
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
  const { value, keys, oddIntegers } = parse(text, bytes, options.kind);
  const hasDuplicates = options.duplicates === true && keys !== countKeys(value);
  if (!hasDuplicates && !oddIntegers) return { value, duplicateKeys: [] };
  const walk = new JsonTextWalk(text, hasDuplicates);
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
