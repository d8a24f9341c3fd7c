import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ownAddress } from "../testing/own-address.ts";
import { proxyRequest } from "./http-proxy.ts";

/** Answers the first request of each connection, and closes the connection when a second comes. */
const used = new WeakSet<Socket>();
let unanswered = 0;
const backend = createServer(({ method, socket, headers }, response) => {
  if (headers["x-wait"] !== undefined) {
    unanswered++;
    response.once("close", () => backend.emit("left"));
    backend.emit("waiting");
    return;
  }
  if (used.has(socket)) return socket.destroy();
  used.add(socket);
  response.end(method);
});
const front = createServer((incoming, response) => {
  const { port } = backend.address() as AddressInfo;
  proxyRequest({ scheme: "http", host: ownAddress(), port, path: "/", prefix: "" }, incoming, response).catch(() =>
    response.writeHead(503).end(),
  );
});
const listen = (server: Server, host: string) => new Promise<void>((resolve) => server.listen(0, host, resolve));

beforeAll(async () => {
  await Promise.all([listen(backend, ownAddress()), listen(front, "127.0.0.1")]);
});
afterAll(() => {
  for (const server of [front, backend]) {
    server.close();
    server.closeAllConnections();
  }
});

function ask(method: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port } = front.address() as AddressInfo;
    const outgoing = request({ host: "127.0.0.1", port, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(`${response.statusCode} ${Buffer.concat(chunks)}`));
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

it("asks again where a kept connection turns out to be closed, and sends what changes things on a fresh one", async () => {
  for (const method of ["GET", "GET", "POST", "GET", "POST", "GET"]) {
    expect(await ask(method, method === "POST" ? "body" : undefined)).toBe(`200 ${method}`);
  }
});

it("asks nothing again for a client that went away", async () => {
  await ask("GET");
  const waiting = once(backend, "waiting");
  const { port } = front.address() as AddressInfo;
  const outgoing = request({ host: "127.0.0.1", port, agent: false, headers: { "x-wait": "1" } });
  outgoing.on("error", () => undefined);
  outgoing.end();
  await waiting;
  const left = once(backend, "left");
  outgoing.destroy();
  await left;
  expect(await ask("GET")).toBe("200 GET");
  expect(unanswered).toBe(1);
});
