/**
 * How an object becomes bytes, once a write. The revision that goes into metadata.resourceVersion is known only when
 * the store has committed, so the stored value leaves it out and says where it belongs:
 *
 *   stored   [offset: uint32 big-endian]{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a",…},…}
 *   final    {"apiVersion":"v1","kind":"Pod","metadata":{"resourceVersion":"17","name":"a",…},…}
 *
 * `offset` counts bytes of the JSON up to and with `"metadata":{`.
 */
import type { UnknownObject } from "../../machinery/meta/object.ts";

const headerLength = 4;
const metadataOpening = '"metadata":{';
const fieldOpening = '"resourceVersion":"';
const fieldClosing = '",';

/** The store's value for an object. `metadata` must have a field besides resourceVersion, which is left out. */
export function encodeStored(object: UnknownObject): Buffer {
  const { apiVersion, kind, metadata, ...rest } = object;
  const { resourceVersion: _, ...kept } = metadata ?? {};
  const opening = `{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(kind)},${metadataOpening}`;
  const restJson = JSON.stringify(rest);
  const closing = restJson === "{}" ? "}" : `,${restJson.slice(1)}`;
  const json = opening + JSON.stringify(kept).slice(1) + closing;
  const length = Buffer.byteLength(json);
  const value = Buffer.allocUnsafe(headerLength + length);
  value.writeUInt32BE(Buffer.byteLength(opening), 0);
  value.write(json, headerLength, length, "utf8");
  return value;
}

export interface FinalBytes {
  readonly bytes: Buffer;
  /** Where the text of resourceVersion's field begins in `bytes`. */
  readonly offset: number;
}

/** Revision 0 stands for none: the answer to a dry run of a create has no resourceVersion. */
const fieldText = (revision: number): string => (revision === 0 ? "" : `${fieldOpening}${revision}${fieldClosing}`);

/** The final bytes of a stored value at a revision. */
export function finalBytes(value: Buffer, revision: number): FinalBytes {
  const offset = value.readUInt32BE(0);
  const field = fieldText(revision);
  // A block of its own: a slice of the shared pool would keep the whole pool alive as long as the object.
  const bytes = Buffer.allocUnsafeSlow(value.length - headerLength + field.length);
  value.copy(bytes, 0, headerLength, headerLength + offset);
  bytes.write(field, offset, "latin1");
  value.copy(bytes, offset + field.length, headerLength + offset);
  return { bytes, offset };
}

/** The same object with another resourceVersion, for events that carry an earlier state. */
export function withRevision({ bytes, offset }: FinalBytes, old: number, revision: number): FinalBytes {
  const oldLength = fieldText(old).length;
  const field = fieldText(revision);
  const changed = Buffer.allocUnsafeSlow(bytes.length - oldLength + field.length);
  bytes.copy(changed, 0, 0, offset);
  changed.write(field, offset, "latin1");
  bytes.copy(changed, offset + field.length, offset + oldLength);
  return { bytes: changed, offset };
}

/** Where `"metadata":{` begins: what comes before are apiVersion and kind, which items of a list leave out. */
export function metadataStart({ offset }: FinalBytes): number {
  return offset - metadataOpening.length;
}
