/**
 * YAML of one document as the JSON value that sigs.k8s.io/yaml makes of it: plain scalars are resolved as Go's yaml.v2 does
 * (`yes` is true, `0644` is octal), integers of 64 bits are exact as in json.ts. The parser is loaded on first use.
 */
import { badRequest, requestEntityTooLarge } from "../errors/status-error.ts";
import { depthMessage, JsonLimitError, maximumDepth } from "./json.ts";

export interface ParsedYaml {
  readonly value: unknown;
  /** `line 7: key "replicas" already set in map`; empty unless asked for. */
  readonly duplicates: readonly string[];
}

/** The one error that yaml.v2 makes of all duplicate keys. */
export const duplicatesError = (duplicates: readonly string[]): string =>
  `yaml: unmarshal errors:\n${duplicates.map((one) => `  ${one}`).join("\n")}`;

export interface ParseYamlOptions {
  /** Whether to look for duplicate keys. */
  readonly duplicates?: boolean;
  /** Before the message of an error. */
  readonly prefix?: string;
}

/** Rejects with StatusError BadRequest, or RequestEntityTooLarge for what would take the parser too long. */
export async function parseYaml(bytes: Buffer, options: ParseYamlOptions = {}): Promise<ParsedYaml> {
  const { loadYaml, duplicateKeys, YAMLException } = await import("./yaml-document.ts");
  checkStructure(bytes);
  const text = bytes.toString("utf8");
  try {
    const value = new Plain(text.length).of(loadYaml(text), 0);
    return { value, duplicates: options.duplicates === true ? duplicateKeys(text) : [] };
  } catch (cause) {
    const { prefix = "" } = options;
    if (cause instanceof JsonLimitError) {
      throw badRequest(`${prefix}error converting YAML to JSON: ${cause.message}`, { cause });
    }
    if (!(cause instanceof YAMLException)) throw cause;
    const { reason, mark } = cause;
    throw badRequest(`${prefix}error converting YAML to JSON: yaml: ${complaint(reason, mark?.line)}`, { cause });
  }
}

/** The parser takes some two microseconds for each of these, and can only be waited for. Clients that send much send JSON. */
const maximumMarks = 100_000;
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

function complaint(reason: string, line: number | undefined): string {
  if (reason.startsWith("nesting exceeded")) return depthMessage;
  const anchor = /^unidentified alias "(.*)"$/.exec(reason)?.[1];
  if (anchor !== undefined) return `unknown anchor '${anchor}' referenced`;
  return line === undefined ? reason : `line ${line + 1}: ${reason}`;
}

/** Values that aliases repeat, beyond what the text itself has room for. */
const maximumRepeated = 100_000;

/** Aliases give one value in several places; JSON has it several times, and has not all that YAML has. */
class Plain {
  #left: number;

  constructor(textLength: number) {
    this.#left = textLength + maximumRepeated;
  }

  /** Throws JsonLimitError. */
  of(value: unknown, depth: number): unknown {
    if (--this.#left < 0) throw new JsonLimitError("yaml: document contains excessive aliasing");
    if (typeof value === "number" && !Number.isFinite(value)) {
      const shown = Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
      throw new JsonLimitError(`json: unsupported value: ${shown}`);
    }
    if (typeof value !== "object" || value === null) return value;
    if (depth >= maximumDepth) throw new JsonLimitError(`yaml: ${depthMessage}`);
    if (Array.isArray(value)) return value.map((item) => this.of(item, depth + 1));
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, this.of(child, depth + 1)]));
  }
}
