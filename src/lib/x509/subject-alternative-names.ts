/** The four kinds of alternative names that certificates of a cluster have; others (directory names, …) are left out. */
import { childrenOf, derTags, readSingle } from "./der.ts";
import { readIa5String } from "./distinguished-name.ts";

export interface SubjectAlternativeNames {
  readonly dnsNames: readonly string[];
  /** In the shortest form: `10.0.0.1`, `fd00::1`. */
  readonly ipAddresses: readonly string[];
  readonly emailAddresses: readonly string[];
  readonly uris: readonly string[];
}

const tags = { email: 0x81, dns: 0x82, uri: 0x86, ip: 0x87 } as const;

/** Of an IPv4 address that is written as one of IPv6. */
const mappedPrefix = Buffer.from("00000000000000000000ffff", "hex");

/** `extension` is the content of the extension; undefined where there is none. Throws on malformed names. */
export function readSubjectAlternativeNames(extension: Buffer | undefined): SubjectAlternativeNames {
  const names = { dnsNames: [], ipAddresses: [], emailAddresses: [], uris: [] } as Record<
    keyof SubjectAlternativeNames,
    string[]
  >;
  if (extension === undefined) return names;
  for (const { tag, content } of childrenOf(readSingle(extension, derTags.sequence), derTags.sequence)) {
    if (tag === tags.email) names.emailAddresses.push(readIa5String(content));
    else if (tag === tags.dns) names.dnsNames.push(readIa5String(content));
    else if (tag === tags.uri) names.uris.push(readUri(content));
    else if (tag === tags.ip) names.ipAddresses.push(readIpAddress(content));
  }
  return names;
}

function readUri(content: Buffer): string {
  const text = readIa5String(content);
  if (!URL.canParse(text)) throw new Error(`x509: cannot parse URI ${JSON.stringify(text)}`);
  return text;
}

function readIpAddress(content: Buffer): string {
  if (content.length === 4) return content.join(".");
  if (content.length !== 16) throw new Error(`x509: cannot parse IP address of length ${content.length}`);
  if (content.subarray(0, 12).equals(mappedPrefix)) return content.subarray(12).join(".");
  const groups = Array.from({ length: 8 }, (_, i) => content.readUInt16BE(2 * i).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
