import { BoundedCache } from "../../lib/bounded-cache.ts";
import { badRequest, notAcceptable } from "../../machinery/errors/status-error.ts";
import { setAt, valueAt } from "../../machinery/meta/accessors.ts";

export type Encoding = "json" | "yaml" | "protobuf";
export type Transformation = "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList";

/** What form an answer takes: the encoding, and the kind into which objects are turned, if any. */
export interface OutputForm {
  readonly encoding: Encoding;
  readonly as?: Transformation;
  /** Version of meta.k8s.io for `as`. */
  readonly version: "v1" | "v1beta1";
  readonly pretty: boolean;
}

export interface MediaClause {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly quality: number;
}

const encodingOf: Readonly<Record<string, Encoding>> = {
  "application/json": "json",
  "*/*": "json",
  "application/*": "json",
  "application/yaml": "yaml",
  "application/vnd.kubernetes.protobuf": "protobuf",
};
export const contentTypeOf: Readonly<Record<Encoding, string>> = {
  json: "application/json",
  yaml: "application/yaml",
  protobuf: "application/vnd.kubernetes.protobuf",
};

const parsed = new BoundedCache<readonly MediaClause[]>(256 * 1024);
/** Ten times what any client is known to send. */
const maximumAcceptLength = 8 * 1024;
/** What a character of a header may become in the parsed form: half of it a clause of its own. */
const parsedBytesPerCharacter = 64;

/**
 * The clauses of an Accept header, best first. Remembered, as clients send the same few headers again and again. Throws
 * StatusError BadRequest on one that is too long.
 */
export function parseAccept(header: string): readonly MediaClause[] {
  const known = parsed.get(header);
  if (known !== undefined) return known;
  if (header.length > maximumAcceptLength)
    throw badRequest(`the Accept header is longer than ${maximumAcceptLength} bytes`);
  const clauses = header
    .split(",")
    .map(parseClause)
    .filter((clause) => clause.type !== "")
    .sort((a, b) => b.quality - a.quality);
  parsed.set(header, clauses, header.length * parsedBytesPerCharacter);
  return clauses;
}

function parseClause(text: string): MediaClause {
  const [type = "", ...rest] = text.split(";").map((part) => part.trim());
  const parameters: Record<string, string> = {};
  for (const one of rest) {
    const equals = one.indexOf("=");
    if (equals > 0) setAt(parameters, one.slice(0, equals), one.slice(equals + 1));
  }
  return { type: type.toLowerCase(), parameters, quality: Number(parameters["q"] ?? 1) };
}

const textEncodings: readonly Encoding[] = ["json", "yaml"];
const plainJson: OutputForm = { encoding: "json", version: "v1", pretty: false };
const prettyJson: OutputForm = { ...plainJson, pretty: true };

export interface Producible {
  /** Default JSON and YAML: a client that prefers protobuf and lists JSON gets JSON. */
  readonly encodings?: readonly Encoding[];
  /** Whether the answer can also be a Table or metadata alone. Default true. */
  readonly transformations?: boolean;
  /** Whether metadata alone comes in protobuf to a client that prefers it. Default false. */
  readonly protobufMetadata?: boolean;
}

/** The form of the answer to a request with this Accept header. Throws StatusError NotAcceptable. */
export function negotiate(accept: string | undefined, query: URLSearchParams, producible: Producible = {}): OutputForm {
  const { encodings = textEncodings, transformations = true, protobufMetadata = false } = producible;
  const pretty = query.size > 0 && isPretty(query.get("pretty"));
  if (accept === undefined || accept === "" || accept === "application/json") return pretty ? prettyJson : plainJson;
  for (const { type, parameters } of parseAccept(accept)) {
    const encoding = valueAt(encodingOf, type);
    const as = parameters["as"];
    if (encoding === undefined) continue;
    if (!encodings.includes(encoding) && !(protobufMetadata && encoding === "protobuf" && isMetadata(as))) continue;
    if (as === undefined) return { encoding, version: "v1", pretty: pretty || isPretty(parameters["pretty"] ?? null) };
    const version = parameters["v"];
    if (!transformations || parameters["g"] !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) continue;
    if (as === "Table" && encoding !== "protobuf") return { encoding, as, version, pretty };
    if (isMetadata(as)) return { encoding, as, version, pretty };
  }
  throw notAcceptable(`only the following media types are accepted: ${Object.values(contentTypeOf).join(", ")}`);
}

function isMetadata(as: string | undefined): as is Transformation {
  return as === "PartialObjectMetadata" || as === "PartialObjectMetadataList";
}

function isPretty(value: string | null): boolean {
  return value === "true" || value === "1";
}
