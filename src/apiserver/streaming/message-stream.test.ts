import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { sendAsMessages } from "./message-stream.ts";
import { toBuffer } from "./websocket-channels.ts";

describe("a log over a WebSocket", () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer();
    server.on("upgrade", (request, socket, head: Buffer) => {
      const source = request.url === "/empty" ? undefined : Readable.from([Buffer.from("one\n"), Buffer.from("two\n")]);
      sendAsMessages(source, request, socket, head).catch(() => socket.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => void server.close());

  function messages(path: string, protocol: string): Promise<string[]> {
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, protocol);
    const found: string[] = [];
    client.on("message", (raw) => found.push(toBuffer(raw).toString()));
    return new Promise((resolve, reject) => {
      client.on("error", reject);
      client.on("close", () => resolve(found));
    });
  }

  it.each([
    ["/", "binary.k8s.io", ["", "one\n", "two\n"]],
    ["/", "base64.binary.k8s.io", ["", "b25lCg==", "dHdvCg=="]],
    ["/empty", "binary.k8s.io", [""]],
  ])("sends what comes and closes (%s as %s)", async (path, protocol, expected) => {
    expect(await messages(path, protocol)).toEqual(expected);
  });
});
