/** Names of X.509 subjects, as Go's pkix.Name keeps them: lists of the usual attributes, one common name. */
import { childrenOf, type DerElement, derTags, malformed, readObjectIdentifier } from "./der.ts";

/** Short names of the attributes that a certificate takes over from a request, by object identifier, in their order. */
const attributes: Readonly<Record<string, string>> = {
  "2.5.4.6": "C",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "2.5.4.9",
  "2.5.4.17": "2.5.4.17",
  "2.5.4.3": "CN",
  "2.5.4.5": "2.5.4.5",
};

/** An attribute in the X.509 library's form for exact text: in plain strings it looks for quotes and escapes of its own. */
export type RelativeName = Record<string, { utf8String: string }[]>;

export const relativeName = (attribute: string, value: string): RelativeName => ({
  [attribute]: [{ utf8String: value }],
});

export interface DistinguishedName {
  /** Empty where there is none; the last one where there are several. */
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** What a certificate for this name has as its subject: one attribute an entry, in a fixed order. */
  readonly relative: readonly RelativeName[];
}

export function readDistinguishedName(element: DerElement | undefined): DistinguishedName {
  const found = new Map<string, string[]>();
  for (const set of childrenOf(element, derTags.sequence)) {
    for (const pair of childrenOf(set, derTags.set)) {
      const [type, value, ...more] = childrenOf(pair, derTags.sequence);
      const name = attributes[readObjectIdentifier(type)];
      if (value === undefined || more.length > 0) throw malformed("structure error: invalid attribute of a name");
      if (name === undefined) continue;
      const values = found.get(name) ?? [];
      values.push(readString(value));
      found.set(name, values);
    }
  }
  const commonName = found.get("CN")?.at(-1) ?? "";
  if (commonName === "") found.delete("CN");
  else found.set("CN", [commonName]);
  const names = Object.values(attributes);
  return {
    commonName,
    organizations: found.get("O") ?? [],
    relative: names.flatMap((name) => (found.get(name) ?? []).map((value) => relativeName(name, value))),
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const stringTypes: Readonly<Record<number, (content: Buffer) => string>> = {
  12: (content) => utf8.decode(content),
  18: (content) => matching(content, /^[0-9 ]*$/, "NumericString"),
  // With the two characters more that Go lets pass.
  19: (content) => matching(content, /^[A-Za-z0-9 '()+,\-./:=?*&]*$/, "PrintableString"),
  20: (content) => content.toString("latin1"),
  22: readIa5String,
  30: readBmpString,
};

/** A name with NUL is cut there by some readers and not by others, so it is none. */
function readString(element: DerElement): string {
  const read = stringTypes[element.tag];
  if (read === undefined) throw malformed("structure error: unsupported string type");
  const text = read(element.content);
  if (text.includes("\0")) throw malformed("structure error: NUL in a name");
  return text;
}

export function readIa5String(content: Buffer): string {
  if (content.some((byte) => byte > 0x7f || byte === 0)) throw malformed("structure error: invalid IA5String");
  return content.toString("latin1");
}

function matching(content: Buffer, pattern: RegExp, type: string): string {
  const text = content.toString("latin1");
  if (!pattern.test(text)) throw malformed(`structure error: invalid ${type}`);
  return text;
}

function readBmpString(content: Buffer): string {
  if (content.length % 2 !== 0) throw malformed("structure error: invalid BMPString");
  return Buffer.from(content).swap16().toString("utf16le");
}
