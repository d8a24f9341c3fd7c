import { createServer, request, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { proxyRequest } from "./http-proxy.ts";

/** Answers the first request of each connection, and closes the connection when a second comes. */
const used = new WeakSet<Socket>();
const backend = createServer(({ method, socket }, response) => {
  if (used.has(socket)) return socket.destroy();
  used.add(socket);
  response.end(method);
});
const front = createServer((incoming, response) => {
  const { port } = backend.address() as AddressInfo;
  proxyRequest({ scheme: "http", host: "127.0.0.1", port, path: "/", prefix: "" }, incoming, response).catch(() =>
    response.writeHead(503).end(),
  );
});
const listen = (server: Server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

beforeAll(async () => {
  await Promise.all([listen(backend), listen(front)]);
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
