import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { probeHttp } from "./http-probe.ts";

const server = createServer((request, response) => {
  const location = { "/local": "/fine", "/far": "http://elsewhere.example/", "/loop": "/loop" }[request.url ?? ""];
  if (location !== undefined) response.writeHead(302, { location }).end("Found");
  else response.writeHead(request.url === "/fine" ? 200 : 503).end("body");
});
beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(() => server.close());

it.each([
  ["/fine", { outcome: "success", output: "body" }],
  ["/local", { outcome: "success", output: "body" }],
  ["/bad", { outcome: "failure", output: "HTTP probe failed with statuscode: 503" }],
  ["/loop", { outcome: "failure", output: "stopped after 10 redirects" }],
  ["/far", { outcome: "success", warning: "Probe terminated redirects, Response body: Found" }],
])("judges the answer of %s", async (path, expected) => {
  const { port } = server.address() as AddressInfo;
  const container = { name: "c" };
  const input = { container, podIP: "127.0.0.1", timeoutMs: 5000, agent: "kube-probe" } as const;
  expect(await probeHttp({ ...input, action: { path, port } })).toMatchObject(expected);
});
