/** A reader of DER (X.690), strict enough that what it accepts has one meaning: definite minimal lengths, nothing left over. */

export interface DerElement {
  /** The identifier octet: class, constructed bit and number (numbers above 30 are refused). */
  readonly tag: number;
  readonly content: Buffer;
  /** Identifier, length and content. */
  readonly bytes: Buffer;
}

export const derTags = {
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  integer: 0x02,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Elements inside `bytes`, one after the other to its end. Throws on what is not DER. */
export function readElements(bytes: Buffer): DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const element = readElement(bytes, offset);
    elements.push(element);
    offset += element.bytes.length;
  }
  return elements;
}

/** The one element that `bytes` are. Throws where something follows it. */
export function readSingle(bytes: Buffer, tag: number): DerElement {
  const element = readElement(bytes, 0);
  if (element.bytes.length !== bytes.length) throw malformed("trailing data");
  return expectTag(element, tag);
}

export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw malformed("structure error: tags don't match");
  return element;
}

export function childrenOf(element: DerElement | undefined, tag: number): DerElement[] {
  return readElements(expectTag(element, tag).content);
}

/** `2.5.4.3`. */
export function readObjectIdentifier(element: DerElement | undefined): string {
  const { content } = expectTag(element, derTags.objectIdentifier);
  const numbers: bigint[] = [];
  let value = 0n;
  let open = false;
  for (const byte of content) {
    if (!open && byte === 0x80) throw malformed("invalid object identifier");
    value = (value << 7n) | BigInt(byte & 0x7f);
    if (value > 0x7fffffffn) throw malformed("invalid object identifier");
    open = (byte & 0x80) !== 0;
    if (open) continue;
    numbers.push(value);
    value = 0n;
  }
  const [first, ...rest] = numbers;
  if (open || first === undefined) throw malformed("invalid object identifier");
  const top = first < 80n ? first / 40n : 2n;
  return [top, first - top * 40n, ...rest].join(".");
}

/** The octets of a BIT STRING of whole octets. */
export function readBitString(element: DerElement | undefined): Buffer {
  const { content } = expectTag(element, derTags.bitString);
  if (content[0] !== 0) throw malformed("invalid bit string");
  return content.subarray(1);
}

export function malformed(detail: string): Error {
  return new Error(`asn1: ${detail}`);
}

function readElement(bytes: Buffer, offset: number): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw malformed("syntax error: data truncated");
  if ((tag & 0x1f) === 0x1f) throw malformed("structure error: high tag numbers are not supported");
  const { length, start } = readLength(bytes, offset + 1, first);
  const end = start + length;
  if (end > bytes.length) throw malformed("syntax error: data truncated");
  return { tag, content: bytes.subarray(start, end), bytes: bytes.subarray(offset, end) };
}

function readLength(bytes: Buffer, offset: number, first: number): { length: number; start: number } {
  if (first < 0x80) return { length: first, start: offset + 1 };
  const count = first & 0x7f;
  if (count === 0) throw malformed("syntax error: indefinite length found (not DER)");
  if (count > 4 || offset + 1 + count > bytes.length) throw malformed("structure error: length too large");
  const length = bytes.readUIntBE(offset + 1, count);
  if (length < 0x80 || bytes[offset + 1] === 0) throw malformed("structure error: non-minimal length");
  return { length, start: offset + 1 + count };
}
