/** For tests: certificate requests octet by octet, also such as no program makes. */
import { type KeyObject, sign } from "node:crypto";

export interface RequestParts {
  readonly keys: { readonly publicKey: KeyObject; readonly privateKey: KeyObject };
  /** A Name, DER. */
  readonly subject: Buffer;
  /** GeneralNames of the requested subjectAltName; undefined: none is requested. */
  readonly names?: readonly Buffer[];
  readonly repeatExtension?: boolean;
  /** Object identifier of the signature's algorithm. Default ECDSA with SHA-256. */
  readonly algorithm?: string;
  readonly hash?: string | null;
  /** Default: a signature with the key. */
  readonly signer?: (data: Buffer) => Buffer;
}

const shortNames: Readonly<Record<string, string>> = { CN: "2.5.4.3", O: "2.5.4.10", OU: "2.5.4.11" };

export function element(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const octets = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.from([tag, 0x80 | octets.length]), octets, content]);
}

export function encodeName(attributes: readonly (readonly [string, string])[]): Buffer {
  const sets = attributes.map(([type, value]) =>
    element(0x31, element(0x30, objectIdentifier(shortNames[type] ?? type), element(0x0c, Buffer.from(value)))),
  );
  return element(0x30, ...sets);
}

/** Tags: 0x81 e-mail, 0x82 DNS, 0x86 URI, 0x87 address. */
export const sanElement = (tag: number, value: string | Buffer): Buffer => element(tag, Buffer.from(value as string));

export function encodeRequest(parts: RequestParts): Buffer {
  const { keys, subject, names, repeatExtension, algorithm = "1.2.840.10045.4.3.2", hash = "sha256" } = parts;
  const extension = (): Buffer =>
    element(0x30, objectIdentifier("2.5.29.17"), element(0x04, element(0x30, ...(names ?? []))));
  const extensions = names === undefined ? [] : repeatExtension ? [extension(), extension()] : [extension()];
  const attributes =
    extensions.length === 0
      ? []
      : [element(0x30, objectIdentifier("1.2.840.113549.1.9.14"), element(0x31, element(0x30, ...extensions)))];
  const signed = element(
    0x30,
    Buffer.from([2, 1, 0]),
    subject,
    keys.publicKey.export({ format: "der", type: "spki" }),
    element(0xa0, ...attributes),
  );
  const signature = (parts.signer ?? ((data) => sign(hash, data, keys.privateKey)))(signed);
  return element(0x30, signed, element(0x30, objectIdentifier(algorithm)), element(0x03, Buffer.from([0]), signature));
}

export function toPem(der: Buffer, type = "CERTIFICATE REQUEST"): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${type}-----\n${lines.join("\n")}\n-----END ${type}-----\n`;
}

function objectIdentifier(name: string): Buffer {
  const [first = 0, second = 0, ...rest] = name.split(".").map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((number) => {
    const groups = [number & 0x7f];
    for (let left = Math.floor(number / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return element(0x06, Buffer.from(octets));
}
