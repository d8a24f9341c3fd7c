import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { StatusError } from "../../machinery/errors/status-error.ts";
import { ownAddress } from "../testing/own-address.ts";
import { proxyRequest } from "./http-proxy.ts";

const long = `<a href="/far">${"x".repeat(5 * 1024 * 1024)}</a>`;
const prefix = "/api/v1/namespaces/x/pods/y/proxy";
let seen: IncomingHttpHeaders = {};
const backend = createServer(({ url, headers }, response) => {
  seen = headers;
  response.setHeader("content-type", "text/html");
  if (url === "/long") response.end(long);
  else if (url?.startsWith("/raw/")) response.socket?.write(`HTTP/1.1 ${decodeURIComponent(url.slice(5))}\r\n\r\n`);
  else if (url === "/broken") response.write("<a>", () => response.destroy());
  else response.end('<a href="/near">');
});
const front = createServer((request, response) => {
  const { port } = backend.address() as AddressInfo;
  const target = { scheme: "http", host: ownAddress(), port, path: request.url ?? "/", prefix } as const;
  proxyRequest(target, request, response).catch((error: unknown) =>
    response.writeHead(error instanceof StatusError ? error.code : 500).end(),
  );
});
const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  backend.listen(0, ownAddress());
  front.listen(0, "127.0.0.1");
  await Promise.all([once(backend, "listening"), once(front, "listening")]);
});
afterAll(() => {
  for (const server of [front, backend]) {
    server.close();
    server.closeAllConnections();
  }
});

it("leads the links of a page through the proxy, and passes a long page on as it is", async () => {
  expect(await (await fetch(`${addressOf(front)}/`)).text()).toBe(`<a href="${prefix}/near">`);
  expect((await (await fetch(`${addressOf(front)}/long`)).text()) === long).toBe(true);
});

it("says that a backend cannot be reached which hangs up within a page", async () => {
  expect((await fetch(`${addressOf(front)}/broken`)).status).toBe(503);
});

it.each(["099 x\r\nContent-Length: 0", "999 x\r\nContent-Length: 0", "101 x\r\nConnection: Upgrade\r\nUpgrade: x"])(
  "says that a backend is none which answers with %j",
  async (head) => {
    expect((await fetch(`${addressOf(front)}/raw/${encodeURIComponent(head)}`)).status).toBe(503);
  },
);

it("passes on what a client says, but not who it is or whom it acts as", async () => {
  const headers = { authorization: "Bearer t", "impersonate-user": "u", "impersonate-extra-a": "b", "x-own": "kept" };
  await (await fetch(addressOf(front), { headers })).text();
  expect(seen).toMatchObject({ "x-own": "kept" });
  expect(Object.keys(seen).filter((name) => /^(authorization|impersonate)/.test(name))).toEqual([]);
});
