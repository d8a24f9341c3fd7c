/**
 * Answers on the wire (RFC 1035, 6891): names compressed, and no more records than the asker can take. What does not fit is
 * left out from the first record on that does not, and the answer says so (TC), as CoreDNS does.
 */
import { type Answer, encode, type Packet, type Question } from "dns-packet";

export interface Message {
  readonly id: number;
  /** Without TC, which is set where records are left out, and where `truncated` says that some are missing already. */
  readonly flags: number;
  readonly questions: readonly Question[];
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
  readonly additionals: readonly Answer[];
  /** The size that this server takes, for askers that told theirs. */
  readonly udpPayloadSize?: number | undefined;
  /** What does not fit into the four bits of `flags`; only where there is a size. */
  readonly extendedRcode?: number;
  readonly truncated?: boolean;
}

export const truncatedFlag = 0x0200;
/** What fits behind the length of a message over TCP. */
export const maximumMessageBytes = 65_535;
const headerBytes = 12;
/** Root name, type, size, extended flags, no options. */
const optBytes = 11;
/** Type, class, time to live and length of a record. */
const fixedBytes = 10;
const soaNumbersBytes = 20;
const srvNumbersBytes = 6;
const maximumLabelBytes = 63;
/** As written with dots: one less than the lengths of its labels and the root take. */
const maximumNameBytes = 254;
/** Two bits of a pointer say that it is one. */
const pointerMark = 0xc000;
const maximumPointer = 0x4000;

/** Throws a RangeError for names that the wire cannot carry. */
export function encodeMessage(message: Message, maximumBytes: number): Buffer {
  const {
    id,
    flags,
    questions,
    answers,
    authorities,
    additionals,
    udpPayloadSize,
    truncated = false,
    extendedRcode = 0,
  } = message;
  const limit = maximumBytes - (udpPayloadSize === undefined ? 0 : optBytes);
  const writer = new MessageWriter();
  for (const question of questions) writer.question(question);
  const sections = [answers, authorities, additionals];
  const counts = [0, 0, 0];
  let full = false;
  for (const [index, section] of sections.entries()) {
    for (const record of section) {
      full ||= !writer.record(record, limit);
      if (!full) counts[index] = (counts[index] as number) + 1;
    }
  }
  if (udpPayloadSize !== undefined) {
    writer.opt(udpPayloadSize, extendedRcode);
    counts[2] = (counts[2] as number) + 1;
  }
  const whole = writer.bytes();
  const header = [id, flags | (full || truncated ? truncatedFlag : 0), questions.length, ...counts];
  for (const [index, value] of header.entries()) whole.writeUInt16BE(value, index * 2);
  return whole;
}

class MessageWriter {
  #buffer = Buffer.alloc(1024);
  #length = headerBytes;
  /** Where a name has been written before, in lower case. */
  readonly #names = new Map<string, number>();

  bytes(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  question(question: Question): void {
    this.#name(question.name);
    this.#bytes(encode({ type: "query", questions: [{ ...question, name: "." }] }).subarray(headerBytes + 1));
  }

  opt(size: number, extendedRcode: number): void {
    this.#bytes(Buffer.from([0, 0, 41, size >> 8, size & 0xff, extendedRcode, 0, 0, 0, 0, 0]));
  }

  /** False, and nothing is written, where the message would be longer than `limit`. */
  record(record: Answer, limit: number): boolean {
    const start = this.#length;
    // Type, class, time to live, length and data, as they are without compression.
    const plain = encode({ type: "response", answers: [{ ...record, name: "." } as Answer] }).subarray(headerBytes + 1);
    this.#name(record.name);
    this.#bytes(plain.subarray(0, fixedBytes));
    const dataStart = this.#length;
    this.#data(record, plain.subarray(fixedBytes));
    if (this.#length > limit) {
      this.#length = start;
      for (const [written, offset] of this.#names) if (offset >= start) this.#names.delete(written);
      return false;
    }
    this.#buffer.writeUInt16BE(this.#length - dataStart, dataStart - 2);
    return true;
  }

  #data(record: Answer, plain: Buffer): void {
    switch (record.type) {
      case "CNAME":
      case "NS":
      case "PTR":
        this.#name(record.data);
        break;
      case "SOA":
        this.#name(record.data.mname);
        this.#name(record.data.rname);
        this.#bytes(plain.subarray(-soaNumbersBytes));
        break;
      case "SRV":
        this.#bytes(plain.subarray(0, srvNumbersBytes));
        // Not all who read it know pointers there (RFC 2782); others may point to it.
        this.#name(record.data.target, false);
        break;
      default:
        this.#bytes(plain);
    }
  }

  #name(name: string, compressed = true): void {
    const labels = name.split(".").filter((label) => label !== "");
    if (Buffer.byteLength(name) > maximumNameBytes) throw new RangeError("a name is too long");
    for (const [index, label] of labels.entries()) {
      const rest = labels.slice(index).join(".").toLowerCase();
      const known = this.#names.get(rest);
      if (compressed && known !== undefined) {
        this.#numbers(pointerMark | known);
        return;
      }
      if (known === undefined && this.#length < maximumPointer) this.#names.set(rest, this.#length);
      const bytes = Buffer.from(label);
      if (bytes.length > maximumLabelBytes) throw new RangeError("a label is too long");
      this.#bytes(Buffer.from([bytes.length]));
      this.#bytes(bytes);
    }
    this.#bytes(Buffer.from([0]));
  }

  #numbers(...values: readonly number[]): void {
    const bytes = Buffer.alloc(values.length * 2);
    for (const [index, value] of values.entries()) bytes.writeUInt16BE(value & 0xffff, index * 2);
    this.#bytes(bytes);
  }

  #bytes(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#buffer.length) {
      this.#buffer = Buffer.concat([this.#buffer, Buffer.alloc(this.#buffer.length + bytes.length)]);
    }
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

/** Of the extensions that a query's sender speaks; 0 where there are none. */
export function ednsVersionOf({ additionals = [] }: Packet): number {
  const opt = additionals.find((one) => one.type === "OPT") as { ednsVersion?: number } | undefined;
  return opt?.ednsVersion ?? 0;
}

/** The size that a query's sender takes over UDP, between the least that everybody does and `most`. */
export function udpSizeOf({ additionals = [] }: Packet, most: number): number {
  const opt = additionals.find((one) => one.type === "OPT") as { udpPayloadSize?: number } | undefined;
  return Math.min(most, Math.max(512, opt?.udpPayloadSize ?? 512));
}
