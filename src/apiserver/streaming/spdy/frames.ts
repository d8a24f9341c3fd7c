/**
 * SPDY/3.1 frames, as much as a client of Kubernetes' streaming servers needs: it opens streams, sends data and reads
 * data, end and reset. Header blocks are sent uncompressed inside the zlib stream (stored blocks), and those that
 * arrive are not read, so no compression state is kept.
 */

export type Frame =
  | { readonly type: "data"; readonly stream: number; readonly fin: boolean; readonly data: Buffer }
  | { readonly type: "reply"; readonly stream: number; readonly fin: boolean }
  | { readonly type: "reset"; readonly stream: number; readonly status: number }
  | { readonly type: "ping"; readonly id: number }
  | { readonly type: "goaway" }
  | { readonly type: "other" };

const headerLength = 8;
const finFlag = 1;
const version = 0x8003;
const types = { synStream: 1, synReply: 2, reset: 3, ping: 6, goaway: 7, headers: 8 } as const;
/** A data frame's length has 24 bits; smaller ones keep other streams moving. */
export const maximumDataLength = 64 * 1024;
/** Of a frame that is held until it is whole; servers send 32 KiB at a time. */
const maximumFrameLength = 1024 * 1024;

function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(headerLength);
  header.writeUInt16BE(version, 0);
  header.writeUInt16BE(type, 2);
  header.writeUInt32BE(flags * 2 ** 24 + payload.length, 4);
  return Buffer.concat([header, payload]);
}

export function dataFrame(stream: number, data: Uint8Array, fin = false): Buffer {
  const frame = Buffer.allocUnsafe(headerLength + data.length);
  frame.writeUInt32BE(stream, 0);
  frame.writeUInt32BE((fin ? finFlag : 0) * 2 ** 24 + data.length, 4);
  frame.set(data, headerLength);
  return frame;
}

export function resetFrame(stream: number, status: number): Buffer {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(stream, 0);
  payload.writeUInt32BE(status, 4);
  return controlFrame(types.reset, 0, payload);
}

export function pingFrame(id: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(id, 0);
  return controlFrame(types.ping, 0, payload);
}

/**
 * Start of the zlib stream of headers: method 8, preset dictionary, and the Adler-32 sum of SPDY/3's dictionary, to
 * which stored blocks never refer.
 */
const zlibHeader = Buffer.from([0x78, 0x20, 0xe3, 0xc6, 0xa7, 0xc2]);
/** An empty stored block, as a flush leaves one. */
const flushBlock = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);

/** Writes SYN_STREAM frames. One for each connection: the first frame starts the zlib stream. */
export class SynStreamEncoder {
  #started = false;

  encode(stream: number, headers: Readonly<Record<string, string>>): Buffer {
    const prefix = Buffer.alloc(10);
    prefix.writeUInt32BE(stream, 0);
    const pairs = Object.entries(headers);
    const block = Buffer.concat([
      uint32(pairs.length),
      ...pairs.flatMap(([name, value]) => [lengthPrefixed(name.toLowerCase()), lengthPrefixed(value)]),
    ]);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(block.length, 1);
    stored.writeUInt16LE(~block.length & 0xffff, 3);
    const start = this.#started ? Buffer.alloc(0) : zlibHeader;
    this.#started = true;
    return controlFrame(types.synStream, 0, Buffer.concat([prefix, start, stored, block, flushBlock]));
  }
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value, 0);
  return buffer;
}

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** Takes a connection's bytes apart into frames. Throws Error on another protocol version, and on a frame of over 1 MiB. */
export class FrameDecoder {
  #rest: Buffer = Buffer.alloc(0);

  *push(chunk: Buffer): Generator<Frame> {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= headerLength) {
      const length = bytes.readUIntBE(5, 3);
      if (length > maximumFrameLength) throw new Error("a SPDY frame is too long");
      if (bytes.length < headerLength + length) break;
      yield decode(bytes.subarray(0, headerLength), bytes.subarray(headerLength, headerLength + length));
      bytes = bytes.subarray(headerLength + length);
    }
    this.#rest = bytes;
  }
}

function decode(header: Buffer, payload: Buffer): Frame {
  const first = header.readUInt32BE(0);
  const fin = (header.readUInt8(4) & finFlag) !== 0;
  if (first < 2 ** 31) return { type: "data", stream: first, fin, data: payload };
  if (header.readUInt16BE(0) !== version) throw new Error("not a SPDY/3 frame");
  const stream = payload.length >= 4 ? payload.readUInt32BE(0) & 0x7fffffff : 0;
  switch (header.readUInt16BE(2)) {
    case types.synReply:
    case types.headers:
      return { type: "reply", stream, fin };
    case types.reset:
      return { type: "reset", stream, status: payload.readUInt32BE(4) };
    case types.ping:
      return { type: "ping", id: payload.readUInt32BE(0) };
    case types.goaway:
      return { type: "goaway" };
    default:
      return { type: "other" };
  }
}
