/**
 * YAML of one document as the JSON value that sigs.k8s.io/yaml makes of it: integers of 64 bits exact, as in json.ts.
 * The parser is loaded on first use.
 */
import { badRequest, requestEntityTooLarge } from "../errors/status-error.ts";
import { checkDepth, depthMessage, integerOf, JsonLimitError } from "./json.ts";

export interface ParsedYaml {
  readonly value: unknown;
  /** `line 7: key "replicas" already set in map`; empty unless asked for. */
  readonly duplicates: readonly string[];
}

export interface ParseYamlOptions {
  /** Whether to look for duplicate keys. */
  readonly duplicates?: boolean;
  /** Before the message of an error. */
  readonly prefix?: string;
}

/** Rejects with StatusError BadRequest, or RequestEntityTooLarge for what would take the parser too long. */
export async function parseYaml(bytes: Buffer, options: ParseYamlOptions = {}): Promise<ParsedYaml> {
  const { duplicates: uniqueKeys = false, prefix = "" } = options;
  checkStructure(bytes);
  const { LineCounter, parseDocument } = await import("yaml");
  const text = bytes.toString("utf8");
  const lineCounter = new LineCounter();
  const duplicates: string[] = [];
  try {
    const schema = { version: "1.1", schema: "core", intAsBigInt: true } as const;
    const document = parseDocument(text, { ...schema, uniqueKeys, lineCounter, logLevel: "silent" });
    for (const error of document.errors) {
      if (error.code !== "DUPLICATE_KEY") throw error;
      const key = /^\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s:]+))/.exec(
        text.slice(error.pos[0], error.pos[0] + 1_000),
      );
      const name = key?.[1] ?? key?.[2] ?? key?.[3] ?? "";
      duplicates.push(`line ${lineCounter.linePos(error.pos[0]).line}: key ${JSON.stringify(name)} already set in map`);
    }
    const value: unknown = document.toJS({ maxAliasCount: maximumAliases });
    checkDepth(value);
    return { value: plain(value), duplicates };
  } catch (cause) {
    throw badRequest(`${prefix}error converting YAML to JSON: ${complaint(cause)}`, { cause });
  }
}

/** As often as one anchor may be repeated, also by way of others. */
const maximumAliases = 100;

/** The parser takes some ten microseconds for each of these, and can only be waited for. Clients that send much send JSON. */
const maximumMarks = 50_000;
const marks = new Set([..."\n,:-?[]{}&*"].map((mark) => mark.charCodeAt(0)));

function checkStructure(bytes: Buffer): void {
  if (bytes.length <= maximumMarks) return;
  let found = 0;
  for (const byte of bytes) {
    if (marks.has(byte) && ++found > maximumMarks) {
      throw requestEntityTooLarge(`YAML may have ${maximumMarks} lines and separators, JSON may have more`);
    }
  }
}

function complaint(error: unknown): string {
  if (error instanceof JsonLimitError) return `yaml: ${error.message}`;
  const { message } = error as Error;
  if (error instanceof RangeError || message.startsWith("Maximum call stack")) return `yaml: ${depthMessage}`;
  if (message.startsWith("Excessive alias count")) return "yaml: document contains excessive aliasing";
  const anchor = /^Unresolved alias .*: (.*)$/.exec(message)?.[1];
  return anchor === undefined ? `yaml: ${message.slice(0, 1_000)}` : `yaml: unknown anchor '${anchor}' referenced`;
}

/** Integers as json.ts has them, those of more than 64 bits as floats. Throws JsonLimitError on what JSON cannot say. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? integerOf(value) : finite(Number(value));
  if (typeof value === "number") return finite(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  if (Object.getPrototypeOf(value) !== Object.prototype) throw new JsonLimitError("unsupported value");
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plain(child)]));
}

function finite(value: number): number {
  if (Number.isFinite(value)) return value;
  const shown = Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  throw new JsonLimitError(`json: unsupported value: ${shown}`);
}
