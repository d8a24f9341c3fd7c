import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { opening, resets } from "../../../test/robustness/floods/reset-frames.ts";
import { fixedCertificate } from "../../lib/certificate-source.ts";
import { createTestPki, type TestPki } from "../start-for-test.ts";
import { connectionLimits, type Listener, listen } from "./listener.ts";

let pki: TestPki;
let listener: Listener;
let served = 0;

beforeAll(async () => {
  pki = await createTestPki();
  listener = await listen(
    {
      host: "127.0.0.1",
      port: 0,
      serving: fixedCertificate(pki.serving),
      clientAuthorities: [pki.ca],
      limits: { ...connectionLimits, unproven: 4 },
    },
    {
      serve(_request, response) {
        served++;
        response.end("served");
      },
      upgrade: (_request, response) => {
        response.statusCode = 403;
        response.end();
      },
    },
  );
});

afterAll(() => listener.close());

async function open(): Promise<TLSSocket> {
  const { port } = listener.address;
  const socket = connect({ host: "127.0.0.1", port, ca: pki.ca, ALPNProtocols: ["http/1.1"] });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

const isClosed = (socket: TLSSocket) => vi.waitFor(() => expect(socket.closed || socket.readableEnded).toBe(true));

it("keeps only so many connections of nobody in particular, and serves newcomers all the same", async () => {
  const sockets: TLSSocket[] = [];
  for (let count = 0; count < 8; count++) sockets.push(await open());
  for (const socket of sockets) socket.resume();
  for (const socket of sockets.slice(0, 4)) await isClosed(socket);
  const last = sockets.at(-1) as TLSSocket;
  last.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const [answer] = await once(last, "data");
  expect(String(answer)).toContain("200 OK");
  for (const socket of sockets) socket.destroy();
});

it("closes the connection of a refused upgrade, though the client keeps its side open", async () => {
  const socket = await open();
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
  const [answer] = await once(socket, "data");
  expect(String(answer)).toContain("403 Forbidden");
  await isClosed(socket);
});

it("refuses headers that are longer than any request's", async () => {
  const agent = new Agent({ ca: pki.ca });
  const url = `https://127.0.0.1:${listener.address.port}`;
  const before = served;
  const outgoing = request(url, { agent, headers: { "x-long": "a".repeat(200_000) } });
  outgoing.end();
  // The connection is ended with the answer, and a client that still sends may see its end before the answer.
  const outcome = await once(outgoing, "response").then(
    ([response]) => response.statusCode,
    (error: NodeJS.ErrnoException) => error.code,
  );
  expect([431, "ECONNRESET", "EPIPE"]).toContain(outcome);
  expect(served).toBe(before);
  agent.destroy();
});

it("ends a connection that opens streams only to give them up", async () => {
  const { port } = listener.address;
  const socket = connect({ host: "127.0.0.1", port, ca: pki.ca, ALPNProtocols: ["h2"] });
  socket.on("error", () => undefined);
  socket.resume();
  await once(socket, "secureConnect");
  const before = served;
  socket.write(opening);
  for (let burst = 0; burst < 20; burst++) socket.write(resets(1 + 200 * burst, 100));
  await isClosed(socket);
  // Those that were given up before their turn are not served.
  expect(served - before).toBeLessThan(500);
});
