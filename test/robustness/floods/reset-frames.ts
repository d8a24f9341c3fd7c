/** Frames of HTTP/2 as bytes, for what Node's client does not do: to give streams up in the packet that opens them. */

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** GET https://a/, from HPACK's static table and one literal. */
const head = Buffer.from([0x82, 0x87, 0x84, 0x41, 0x01, 0x61]);
const types = { headers: 1, reset: 3, settings: 4 } as const;
const endOfStreamAndHeaders = 0x05;
const cancel = Buffer.from([0, 0, 0, 8]);

function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const start = Buffer.alloc(9);
  start.writeUIntBE(payload.length, 0, 3);
  start[3] = type;
  start[4] = flags;
  start.writeUInt32BE(stream, 5);
  return Buffer.concat([start, payload]);
}

/** What a client says first. */
export const opening = Buffer.concat([preface, frame(types.settings, 0, 0, Buffer.alloc(0))]);

/** `count` streams from the first number on, each opened and given up at once. */
export function resets(first: number, count: number): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => first + 2 * index).flatMap((stream) => [
      frame(types.headers, endOfStreamAndHeaders, stream, head),
      frame(types.reset, 0, stream, cancel),
    ]),
  );
}
