import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createForwarder, type Forwarder } from "./forwarder.ts";

const query = Buffer.from("123401000001000000000000076578616d706c6503636f6d0000010001", "hex");
/** The record of 192.0.2.`last`, for a minute. */
const record = (last: number): Buffer => Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last]);

function answerTo(message: Buffer, last: number): Buffer {
  const answer = Buffer.concat([message, record(last)]);
  answer[2] = 0x81;
  answer[7] = 1;
  return answer;
}

function changed(message: Buffer, at: number): Buffer {
  const copy = Buffer.from(message);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe("a name server that cannot be reached", () => {
  // UDP may not go to the broadcast address, which fails as a missing route does: at once, when connecting.
  it.each([false, true])("gives no answer, and does no harm (over TCP: %s)", async (viaTcp) => {
    expect(await createForwarder(["255.255.255.255"]).forward(query, viaTcp)).toBeUndefined();
  });
});

describe("a name server", () => {
  const asked: Buffer[] = [];
  let server: Socket;

  /** Sends what `answers` makes of each question, in that order. */
  async function serve(answers: (message: Buffer) => Buffer[]): Promise<Forwarder> {
    asked.length = 0;
    server = createSocket("udp4", (message, { port, address }) => {
      asked.push(message);
      for (const answer of answers(message)) server.send(answer, port, address);
    });
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    return createForwarder(["127.0.0.1"], { port: (server.address() as AddressInfo).port });
  }

  afterEach(() => server.close());

  it("is asked with identifiers that the asker does not know, and the asker told its own", async () => {
    const { forward } = await serve((message) => [answerTo(message, 1)]);
    for (let index = 0; index < 7; index++) {
      // Another question each time, as answers are remembered.
      const answer = await forward(changed(query, 13 + index), false);
      expect(answer?.readUInt16BE(0)).toBe(0x1234);
    }
    expect(new Set(asked.map((message) => message.readUInt16BE(0))).size).toBeGreaterThan(2);
  });

  it("is asked once where many ask the same at a time", async () => {
    const { forward } = await serve((message) => [answerTo(message, 1)]);
    const answers = await Promise.all(Array.from({ length: 50 }, () => forward(query, false)));
    expect(answers.map((answer) => answer?.at(-1))).toEqual(Array<number>(50).fill(1));
    expect(asked).toHaveLength(1);
  });

  it("is believed where it answers the question, and nobody else is", async () => {
    const { forward } = await serve((message) => {
      const other = answerTo(message, 66);
      // Another identifier, no answer, another name, another type, no question.
      const forged = [changed(other, 0), Buffer.concat([message, record(66)]), changed(other, 14), changed(other, 26)];
      const empty = changed(other, 5);
      const shouted = answerTo(message, 1);
      shouted[13] = "E".charCodeAt(0);
      return [...forged, empty, Buffer.alloc(3), shouted];
    });
    expect((await forward(query, false))?.at(-1)).toBe(1);
    expect((await forward(query, false))?.at(-1)).toBe(1);
  });
});
