/** For tests: certificate requests octet by octet, also such as no program makes. */
import { type KeyObject, sign } from "node:crypto";
import { encodeElement, encodeObjectIdentifier, encodePem } from "./der-encoding.ts";

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

export function encodeName(attributes: readonly (readonly [string, string])[]): Buffer {
  const sets = attributes.map(([type, value]) =>
    encodeElement(
      0x31,
      encodeElement(0x30, encodeObjectIdentifier(shortNames[type] ?? type), encodeElement(0x0c, Buffer.from(value))),
    ),
  );
  return encodeElement(0x30, ...sets);
}

/** Tags: 0x81 e-mail, 0x82 DNS, 0x86 URI, 0x87 address. */
export const sanElement = (tag: number, value: string | Buffer): Buffer =>
  encodeElement(tag, Buffer.from(value as string));

export function encodeRequest(parts: RequestParts): Buffer {
  const { keys, subject, names, repeatExtension, algorithm = "1.2.840.10045.4.3.2", hash = "sha256" } = parts;
  const extension = (): Buffer =>
    encodeElement(
      0x30,
      encodeObjectIdentifier("2.5.29.17"),
      encodeElement(0x04, encodeElement(0x30, ...(names ?? []))),
    );
  const extensions = names === undefined ? [] : repeatExtension ? [extension(), extension()] : [extension()];
  const attributes =
    extensions.length === 0
      ? []
      : [
          encodeElement(
            0x30,
            encodeObjectIdentifier("1.2.840.113549.1.9.14"),
            encodeElement(0x31, encodeElement(0x30, ...extensions)),
          ),
        ];
  const signed = encodeElement(
    0x30,
    Buffer.from([2, 1, 0]),
    subject,
    keys.publicKey.export({ format: "der", type: "spki" }),
    encodeElement(0xa0, ...attributes),
  );
  const signature = (parts.signer ?? ((data) => sign(hash, data, keys.privateKey)))(signed);
  return encodeElement(
    0x30,
    signed,
    encodeElement(0x30, encodeObjectIdentifier(algorithm)),
    encodeElement(0x03, Buffer.from([0]), signature),
  );
}

export const toPem = (der: Buffer, type = "CERTIFICATE REQUEST"): string => encodePem(der, type);
