import { duplexPair } from "node:stream";
import { constants, inflateSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SpdyConnection } from "./connection.ts";
import { dataFrame, type Frame, FrameDecoder, pingFrame } from "./frames.ts";

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function synReply(stream: number): Buffer {
  return Buffer.from([0x80, 3, 0, 2, 0, 0, 0, 4, 0, 0, 0, stream]);
}

describe("SPDY frames", () => {
  it("are decoded the same however the bytes are cut", () => {
    const frame = fc.record({ stream: fc.integer({ min: 1, max: 99 }), data: fc.uint8Array(), fin: fc.boolean() });
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(frame), cuts, (frames, sizes) => {
        const bytes = Buffer.concat(frames.map(({ stream, data, fin }) => dataFrame(stream, data, fin)));
        const decoder = new FrameDecoder();
        const decoded: Frame[] = [];
        for (let start = 0, turn = 0; start < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] ?? 1;
          decoded.push(...decoder.push(bytes.subarray(start, start + size)));
          start += size;
        }
        expect(decoded).toEqual(
          frames.map(({ stream, data, fin }) => ({ type: "data", stream, fin, data: Buffer.from(data) })),
        );
      }),
    );
  });
});

describe("a SPDY connection", () => {
  function connect() {
    const [client, server] = duplexPair();
    const received: Buffer[] = [];
    server.on("data", (chunk: Buffer) => received.push(chunk));
    const frames = (): Frame[] => [...new FrameDecoder().push(Buffer.concat(received))];
    return { connection: new SpdyConnection(client, Buffer.alloc(0)), server, received, frames };
  }

  it("opens streams with headers that any inflater reads", async () => {
    const { connection, received } = connect();
    connection.open({ streamType: "stdin" }, {});
    await settled();
    const frame = Buffer.concat(received);
    expect(frame.readUInt32BE(0)).toBe(0x80030001);
    // Past the dictionary's checksum, which no stored block needs, the block is plain deflate.
    const zlib = Buffer.concat([Buffer.from([0x78, 0x01]), frame.subarray(8 + 10 + 6)]);
    const block = inflateSync(zlib, { finishFlush: constants.Z_SYNC_FLUSH });
    expect(block.toString("latin1")).toBe("\0\0\0\x01\0\0\0\nstreamtype\0\0\0\x05stdin");
  });

  it("holds data back until the server has replied, then sends it in order, with the end", async () => {
    const { connection, server, frames } = connect();
    const stream = connection.open({ streamType: "stdin" }, {});
    stream.write(Buffer.from("a"));
    stream.write(Buffer.from("b"));
    stream.end();
    await settled();
    expect(frames().filter(({ type }) => type === "data")).toEqual([]);
    server.write(synReply(1));
    await settled();
    const data = frames().filter((frame) => frame.type === "data");
    expect(data.map((frame) => [frame.data.toString(), frame.fin])).toEqual([
      ["a", false],
      ["b", false],
      ["", true],
    ]);
  });

  it("gives each stream its data and its end, and ends all with the connection", async () => {
    const { connection, server, frames } = connect();
    const log: string[] = [];
    for (const name of ["one", "three"]) {
      connection.open(
        { name },
        { data: (data) => log.push(`${name}: ${data.toString()}`), end: () => log.push(`${name} ended`) },
      );
    }
    server.write(Buffer.concat([dataFrame(3, Buffer.from("x")), dataFrame(1, Buffer.from("y"), true), pingFrame(2)]));
    await settled();
    expect(log).toEqual(["three: x", "one: y", "one ended"]);
    expect(frames()).toContainEqual({ type: "ping", id: 2 });
    server.destroy();
    connection.close();
    await settled();
    expect(log.at(-1)).toBe("three ended");
  });
});
