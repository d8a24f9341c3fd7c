/** A YAML document by the rules of Go's yaml.v2; imported by yaml.ts alone, when there is YAML to read. */

import {
  defineMappingTag,
  defineScalarTag,
  EVENT_ID,
  FAILSAFE_SCHEMA,
  getScalarValue,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  parseEvents,
} from "js-yaml";
import { setAt, valueAt } from "../meta/accessors.ts";
import { integerOf, maximumDepth } from "./json.ts";

export { YAMLException } from "js-yaml";

const core = (name: string): string => `tag:yaml.org,2002:${name}`;
/** Nothing is written with these tags. */
const identify = (): boolean => false;

const words = new Map<string, boolean | null>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map((word) => [word, true] as const),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map((word) => [word, false] as const),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
]);
const resolveWord = (wanted: "boolean" | "object") => (source: string) => {
  const value = words.get(source);
  return value !== undefined && typeof value === wanted ? value : NOT_RESOLVED;
};
const nullTag = defineScalarTag<unknown>(core("null"), {
  implicit: true,
  implicitFirstChars: ["", "~", "n", "N"],
  resolve: resolveWord("object"),
  identify,
});
const booleanTag = defineScalarTag<unknown>(core("bool"), {
  implicit: true,
  implicitFirstChars: [..."yYnNtTfFoO"],
  resolve: resolveWord("boolean"),
  identify,
});

const integer = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9]\d*))$/;
const uint64Limit = 2n ** 64n;

/** As strconv.ParseInt with base 0; of more than 64 bits as a float, if it is decimal. */
function resolveInteger(source: string): unknown {
  const match = source.length > 100 ? null : integer.exec(source.replaceAll("_", ""));
  if (match === null) return NOT_RESOLVED;
  const [, sign, hexadecimal, binary, octal, decimal = ""] = match;
  const digits = hexadecimal === undefined ? (binary === undefined ? `0o${octal}` : `0b${binary}`) : `0x${hexadecimal}`;
  const value = BigInt(decimal === "" ? digits : decimal) * (sign === "-" ? -1n : 1n);
  if (BigInt.asIntN(64, value) === value) return integerOf(value);
  return decimal !== "" || (value > 0n && value < uint64Limit) ? Number(value) : NOT_RESOLVED;
}

const numberStart = [..."+-0123456789"];
const integerTag = defineScalarTag<unknown>(core("int"), {
  implicit: true,
  implicitFirstChars: numberStart,
  resolve: resolveInteger,
  identify,
});

const float = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const notFinite = /^(?:([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;

function resolveFloat(source: string): unknown {
  const special = notFinite.exec(source);
  if (special !== null) return /nan/i.test(source) ? Number.NaN : special[1] === "-" ? -Infinity : Infinity;
  const plain = source.replaceAll("_", "");
  if (!float.test(plain)) return NOT_RESOLVED;
  const value = Number(plain);
  return Number.isFinite(value) ? value : NOT_RESOLVED;
}

const floatTag = defineScalarTag<unknown>(core("float"), {
  implicit: true,
  implicitFirstChars: [...numberStart, "."],
  resolve: resolveFloat,
  identify,
});

/** Keys as sigs.k8s.io/yaml makes them texts. */
function keyText(key: unknown): string | undefined {
  if (typeof key === "string") return key;
  return typeof key === "number" || typeof key === "bigint" || typeof key === "boolean" ? String(key) : undefined;
}

type Json = Record<string, unknown>;

const mappingTag = defineMappingTag<Json>(core("map"), {
  create: () => ({}),
  addPair: (map, key, value) => {
    const text = keyText(key);
    if (text === undefined) return "unsupported map key";
    setAt(map, text, value);
    return "";
  },
  has: (map, key) => Object.hasOwn(map, keyText(key) ?? ""),
  keys: (map) => Object.keys(map),
  get: (map, key) => valueAt(map, String(key)),
  identify,
});

/** Tags that nobody knows do not change what a scalar is. */
const otherTags = ["!", "tag:"].map((tagName) =>
  defineScalarTag(tagName, { matchByTagPrefix: true, resolve: (source) => source, identify }),
);

const schema = FAILSAFE_SCHEMA.withTags(mappingTag, nullTag, booleanTag, integerTag, floatTag, mergeTag, otherTags);

/** The first document, null where there is none; of keys that are there twice the last counts. Throws YAMLException. */
export function loadYaml(text: string): unknown {
  return loadAll(text, { schema, json: true, maxDepth: maximumDepth })[0] ?? null;
}

interface Frame {
  /** Of a mapping, by what they are to Go: 1 is not "1". Undefined in a sequence. */
  readonly keys: Set<unknown> | undefined;
  atKey: boolean;
  /** A key that was there already, until its value comes. */
  repeated: { readonly shown: string; readonly place: number } | undefined;
}

/** `line 7: key "replicas" already set in map`, as yaml.v2 says it, in order of the text. For text that loadYaml has accepted. */
export function duplicateKeys(text: string): string[] {
  const found: string[] = [];
  const frames: Frame[] = [];
  for (const event of parseEvents(text, { maxDepth: maximumDepth })) {
    if (event.type === EVENT_ID.POP) {
      frames.pop();
      continue;
    }
    const frame = frames.at(-1);
    if (frame?.keys !== undefined) {
      if (frame.atKey) frame.repeated = repeatedKey(text, event, frame.keys);
      else if (frame.repeated !== undefined) {
        const { shown, place } = frame.repeated;
        found.push(`line ${lineOfValue(text, event, place)}: key ${shown} already set in map`);
      }
      frame.atKey = !frame.atKey;
    }
    if (event.type === EVENT_ID.MAPPING) frames.push({ keys: new Set(), atKey: true, repeated: undefined });
    else if (event.type === EVENT_ID.SEQUENCE || event.type === EVENT_ID.DOCUMENT) {
      frames.push({ keys: undefined, atKey: false, repeated: undefined });
    }
    if (found.length === maximumDuplicates) break;
  }
  return found;
}

function repeatedKey(text: string, event: Event, keys: Set<unknown>): Frame["repeated"] {
  if (event.type !== EVENT_ID.SCALAR) return undefined;
  const source = getScalarValue(text, event);
  const isPlain = event.style === plainStyle && event.tagStart < 0;
  // Merges are of other mappings' keys.
  if (isPlain && source === "<<") return undefined;
  const key = isPlain ? resolvePlain(source) : source;
  if (!keys.has(key)) {
    keys.add(key);
    return undefined;
  }
  const shown = typeof key === "string" ? JSON.stringify(key) : String(key);
  return { shown, place: Math.max(0, event.valueStart) };
}

function resolvePlain(source: string): unknown {
  const word = words.get(source);
  if (word !== undefined) return word;
  for (const resolve of [resolveInteger, resolveFloat]) {
    const value = resolve(source);
    if (value !== NOT_RESOLVED) return value;
  }
  return source;
}

type Event = ReturnType<typeof parseEvents>[number];
/** Of js-yaml's ScalarStyle, which is a type alone: plain, and from where on a scalar is a block below its indicator. */
const plainStyle = 1;
const blockStyle = 4;

/** The line that a value begins in; that of its key where there is nothing. */
function lineOfValue(text: string, event: Event, keyPlace: number): number {
  if (event.type === EVENT_ID.SCALAR) {
    if (event.valueStart < 0) return lineAt(text, keyPlace);
    return lineAt(text, event.valueStart) - (event.style >= blockStyle ? 1 : 0);
  }
  if (event.type === EVENT_ID.ALIAS) return lineAt(text, event.anchorStart);
  return lineAt(text, "start" in event ? event.start : keyPlace);
}

const maximumDuplicates = 100;

const lineAt = (text: string, place: number): number => text.slice(0, place).split("\n").length;
