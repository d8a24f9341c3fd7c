import type { IncomingMessage } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { Duplex } from "node:stream";
import { expect, it } from "vitest";
import { proxyUpgrade } from "./upgrade-proxy.ts";

const request = { method: "POST", rawHeaders: ["Upgrade", "SPDY/3.1"] } as IncomingMessage;

it("gives a slow client the last bytes of a runtime that closes as soon as it has sent them", async () => {
  const runtime = createServer((socket) => socket.once("data", () => socket.end("the last words")));
  await new Promise<void>((resolve) => runtime.listen(0, "127.0.0.1", resolve));
  const closed = new Promise((resolve) => runtime.on("connection", (socket) => socket.on("close", resolve)));
  let received = "";
  // Takes what it is given only when the runtime's connection is gone.
  const client = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      void closed.then(() =>
        setImmediate(() => {
          received += chunk.toString();
          done();
        }),
      );
    },
  });
  const ended = new Promise((resolve) => client.on("finish", resolve).on("close", resolve));
  const { port } = runtime.address() as AddressInfo;
  proxyUpgrade(request, client, Buffer.alloc(0), `http://127.0.0.1:${port}/exec/token`);
  await ended;
  runtime.close();
  expect(received).toBe("the last words");
});
